"""Pure energy terms, one file per kind of term."""
