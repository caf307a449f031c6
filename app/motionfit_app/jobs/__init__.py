"""Background work: the one worker thread and what runs on it."""
