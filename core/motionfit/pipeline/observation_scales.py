"""From which distance on observations stop pulling: read off the clip itself, anew whenever the fit has settled.

The noise of a data term is estimated from the residuals of the current fit by their median (`energies.robust.noise_of`)
and times a width (of the preset) it is the scale of the robust square. Where the fit cannot yet follow the data (a
mean pose in stage I, the start of stage II) residuals tell of the pose, not of the noise: there the scale is wide, so
that only what no limb can reach is left out. All windows of a clip that are fitted together share their scales.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.energies.reprojection import SIGMA
from motionfit.energies.robust import noise_of
from motionfit.pipeline.batch import Batch
from motionfit.pipeline.data_terms import Residuals
from motionfit.pipeline.stages import WIDE

WIDE_SCALES: dict[str, float] = {"joints3d": 1.5, "keypoints3d": 1.5, "points3d": 0.6, "keypoints2d": SIGMA}
"""Metres, or pixels of the common focal length; measured scales are never wider."""

LEAST_SCALES: dict[str, float] = {"joints3d": 0.15, "keypoints3d": 0.15, "points3d": 0.1, "keypoints2d": 12.0}
"""So near nothing is an outlier however exact the rest is: bodies are not quite like the model, and smoothness holds
the feet of a walk back by some centimetres, which a tight scale takes for outliers and lets go (measured: 40 cm)."""


def new_scales(
    batch: Batch, residuals: Mapping[str, Residuals], widths: Mapping[str, float], how: str, clips: int
) -> dict[str, Float[Tensor, " clips"]]:
    """Scales of the robust squares, one per clip.

    Args:
        batch: One row per clip or window, the windows of a clip next to each other.
        residuals: Of the current fit, by data term.
        widths: Scale over noise of each data term; absent or 0 = the term keeps its fixed scale.
        how: `stages.WIDE` or `stages.MEASURED`.
        clips: Number of clips.
    """
    scales = {name: scale[:: batch.clips // clips] for name, scale in batch.scales.items()}
    for name, each in residuals.items():
        if widths.get(name, 0.0) > 0.0:
            wide = torch.full_like(scales[name], WIDE_SCALES[name])
            scales[name] = wide if how == WIDE else measured_scale(name, each, widths[name], clips)
    return scales


def measured_scale(name: str, residuals: Residuals, width: float, clips: int) -> Float[Tensor, " clips"]:
    """Width times the noise of each clip, within limits; wide where nothing was observed."""
    distances = residuals.squared().sqrt().reshape(clips, -1)
    axes = 1 if residuals.is_nearest else residuals.vectors.shape[-1]
    noise = noise_of(distances, residuals.weights.reshape(clips, -1) > 0, axes)
    scale = (width * noise).clamp(LEAST_SCALES[name], WIDE_SCALES[name])
    return torch.where(torch.isfinite(scale), scale, WIDE_SCALES[name])
