"""MotionFit: recover a person's 3D motion from what was observed of it."""

__version__ = "0.1.0"
