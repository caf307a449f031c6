"""The MotionFit desktop application."""
