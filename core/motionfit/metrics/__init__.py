"""Accuracy and plausibility of a motion."""
