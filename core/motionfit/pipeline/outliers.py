"""How many of each frame's observations a fit has set aside."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel, pose_skeleton
from motionfit.energies.robust import HALF_WEIGHT
from motionfit.motion import Motion
from motionfit.pipeline.batch import Batch
from motionfit.pipeline.data_terms import DataTerms, PosedBody, Residuals
from motionfit.pipeline.observation_scales import measured_scale
from motionfit.pipeline.timeline import Timeline

OUTLIERS = "outlier_share"
"""Name among the per-frame diagnostics."""


def outliers_of(
    motion: Motion, body: BodyModel, batch: Batch, clip: int, line: Timeline, widths: Mapping[str, float]
) -> dict[str, Float[Tensor, " observed"]]:
    """`outlier_share` of a fitted motion under its diagnostic's name; nothing where no term is robust.

    Args:
        motion: In the frame of the observations, on the grid.
        body: On the device of the batch.
        batch: The observations of all clips.
        clip: Which of them was fitted by the motion.
        line: Its frames on the grid.
        widths: Of the preset, see `observation_scales`.
    """
    robust = {name: width for name, width in widths.items() if width > 0.0 and name in batch.scales}
    if not robust or not motion.is_finite:
        return {}
    device = batch.floor_normal.device
    moved = motion.to(device)
    rest = body.rest_joints(moved.betas[None])
    pose = moved.body_pose[None]
    skeleton = pose_skeleton(rest, moved.translation[None], moved.root_orientation[None], pose)
    posed = PosedBody(moved.betas[None], rest, skeleton, pose)
    residuals = DataTerms.of(body).residuals(batch.rows(torch.tensor([clip], device=device)), posed, robust)
    return {OUTLIERS: line.observed_values(outlier_share(residuals, robust).cpu())}


def outlier_share(residuals: Mapping[str, Residuals], widths: Mapping[str, float]) -> Float[Tensor, " frames"]:
    """Share of the observations of each frame that count less than half; NaN where nothing was observed.

    Args:
        residuals: Of one clip, by data term.
        widths: Of each.
    """
    counted = []
    for name, each in residuals.items():
        limit = HALF_WEIGHT * measured_scale(name, each, widths[name], 1)
        is_seen = each.weights[0] > 0
        counted.append(torch.stack([(is_seen & (each.squared()[0].sqrt() > limit)).sum(-1), is_seen.sum(-1)]))
    far, seen = torch.stack(counted).sum(0)
    return torch.where(seen > 0, far / seen.clamp(min=1), torch.nan)
