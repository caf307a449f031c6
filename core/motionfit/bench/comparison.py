"""Which of two methods is better, metric by metric."""

from __future__ import annotations

from collections.abc import Mapping

HIGHER_IS_BETTER = frozenset({"contact_f1"})
LIKE_THE_TRUTH = frozenset(
    {"accel_m_s2", "jitter", "float_cm", "penetration_cm", "penetration_rate", "reprojection_px"}
)
"""Nearer to what the truth itself has is better: a still body has no acceleration, and fitted noise no residual. Of
all other metrics lower is better."""

_Stages = Mapping[str, Mapping[str, float]]


def compare(ours: _Stages, theirs: _Stages) -> dict[str, str]:
    """Who is better at the end of the fit (of `drift_mm`, at the start of stage III), by metric.

    Args:
        ours: Mean metrics by stage, and of the truth.
        theirs: Likewise.

    Returns:
        "ours", "theirs" or "equal" (within 0.1 %) for every metric that both have.
    """
    found = {}
    for stage in ("stage3", "stage3_init"):
        for metric in sorted(ours[stage].keys() & theirs[stage].keys()):
            if metric not in found and (stage == "stage3" or metric == "drift_mm"):
                truth = ours["truth"].get(metric, 0.0)
                found[metric] = _better(metric, ours[stage][metric], theirs[stage][metric], truth)
    return found


def _better(metric: str, ours: float, theirs: float, truth: float) -> str:
    if metric in HIGHER_IS_BETTER:
        ours, theirs = -ours, -theirs
    elif metric in LIKE_THE_TRUTH:
        ours, theirs = abs(ours - truth), abs(theirs - truth)
    if abs(ours - theirs) <= 1e-3 * max(abs(ours), abs(theirs)):
        return "equal"
    return "ours" if ours < theirs else "theirs"
