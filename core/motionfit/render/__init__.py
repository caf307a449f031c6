"""A small software renderer for pictures without a screen."""
