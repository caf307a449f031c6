"""Every command: the table of actions, and what the larger ones do."""
