"""Rotations, cameras, planes and finite differences."""
