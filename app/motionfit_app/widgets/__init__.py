"""Widgets that know only Qt."""
