"""Minimisers over batches of windows."""
