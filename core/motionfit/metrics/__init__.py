"""Accuracy and plausibility of a motion."""

from motionfit.metrics.diagnostics import frame_diagnostics
from motionfit.metrics.evaluation import METRIC_TITLES, evaluate

__all__ = ["METRIC_TITLES", "evaluate", "frame_diagnostics"]
