"""Motion capture made ready for training: read, cleaned, labelled, split, stored."""
