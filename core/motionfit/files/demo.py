"""The clip that ships with MotionFit."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

OBSERVATIONS_FILE = "observations.npz"
TRUTH_FILE = "truth.npz"


def demo_path() -> Path:
    """The folder of the demo clip: a video, observations and the true motion."""
    return Path(str(resources.files("motionfit_resources") / "demo"))
