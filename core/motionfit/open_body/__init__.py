"""Builds the open body, a free stand-in for SMPL-H, from CC0 MakeHuman data (developer command)."""
