"""Stretches of frames that are worth a look, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from motionfit.metrics.score import Reason, Scores

BAD_BELOW = 50.0
"""A score under this is bad: what speaks against the frame weighs as much as everything that is tolerated."""

_MERGED_FRAMES = 5


@dataclass(frozen=True)
class Span:
    """Frames start..stop-1 with bad ones at both ends.

    Attributes:
        start: First frame.
        stop: The frame after the last.
        score: Of the worst frame.
        reasons: The strongest of each kind, the strongest first.
    """

    start: int
    stop: int
    score: float
    reasons: tuple[Reason, ...]


def bad_spans(scores: Scores, below: float = BAD_BELOW) -> tuple[Span, ...]:
    """The spans of bad frames; those less than five frames apart are one.

    Args:
        scores: Of all frames.
        below: A score under this is bad.

    Returns:
        The worst first: by how much their frames lack together, so that a long span counts more than a short one.
    """
    bad = (scores.score < below).nonzero().flatten().tolist()
    spans: list[tuple[int, int]] = []
    for frame in bad:
        if spans and frame - spans[-1][1] < _MERGED_FRAMES:
            spans[-1] = (spans[-1][0], frame + 1)
        else:
            spans.append((frame, frame + 1))
    lack = {span: float((below - scores.score[slice(*span)]).clamp(min=0.0).sum()) for span in spans}
    ordered = sorted(spans, key=lambda span: -lack[span])
    return tuple(Span(*span, float(scores.score[slice(*span)].min()), _reasons(scores, span)) for span in ordered)


def _reasons(scores: Scores, span: tuple[int, int]) -> tuple[Reason, ...]:
    worst: dict[str, Reason] = {}
    for frame in range(*span):
        for reason in scores.reasons(frame):
            known = worst.get(reason.diagnostic)
            if known is None or reason.suspicion > known.suspicion:
                worst[reason.diagnostic] = reason
    return tuple(sorted(worst.values(), key=lambda reason: -reason.suspicion))


def score_summary(scores: Scores, most: int = 10) -> dict[str, Any]:
    """For reports, as JSON values: `score_mean`, and `worst_spans` with their reasons in words."""
    spans = [
        {
            "start": span.start,
            "stop": span.stop,
            "score": round(span.score, 1),
            "reasons": [reason.words for reason in span.reasons[:3]],
        }
        for span in bad_spans(scores)[:most]
    ]
    return {"score_mean": round(float(scores.score.mean()), 2), "worst_spans": spans}
