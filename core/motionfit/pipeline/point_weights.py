"""How much each observed point counts, so that one preset holds for few and many keypoints per frame.

Priors count per frame; a data term that is a sum over points would be half as strong against them where a clip offers
half the points. Each point is weighted by what the full layout has over what the clip offers. What counts as offered
are points seen anywhere in the clip, not in the frame: where most of the body is hidden the few points that are left
count no more than elsewhere, and the priors speak.
"""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.keypoints import BODY25_IGNORED, BODY25_NAMES, SURFACE_KEYPOINTS
from motionfit.body.skeleton import BODY_JOINTS

LAYOUT_POINTS: dict[str, int] = {
    "joints3d": BODY_JOINTS,
    "keypoints3d": SURFACE_KEYPOINTS,
    "points3d": SURFACE_KEYPOINTS,
    "keypoints2d": len(BODY25_NAMES) - len(BODY25_IGNORED),
}
"""Points per frame of each data term that the weights of the presets are made for; a cloud of points as a whole counts
as much as all surface keypoints."""


def point_weights(term: str, observed: Bool[Tensor, "clips frames slots points"]) -> Float[Tensor, " clips"]:
    """The weight of every point of each clip; one where the whole layout is offered.

    Args:
        term: A key of `LAYOUT_POINTS`.
        observed: Which points were observed.
    """
    offered = _mean_count(observed) if term == "points3d" else observed.flatten(1, 2).any(1).sum(-1)
    return LAYOUT_POINTS[term] / offered.clamp(min=1).double()


def _mean_count(observed: Bool[Tensor, "clips frames slots points"]) -> Float[Tensor, " clips"]:
    """Unordered points have no kinds: their mean number over the frames that have any."""
    counts = observed.sum(-1).flatten(1).double()
    mean: Tensor = counts.sum(1) / (counts > 0).sum(1).clamp(min=1)
    return mean
