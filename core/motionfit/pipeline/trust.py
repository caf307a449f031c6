"""How far the motion prior is trusted, frame by frame: less where good data shows motion that it does not know.

A prior of constant weight bends a handstand or a cartwheel towards the walking that it was trained on, however well
the joints were seen. Stage II has no motion prior, so its motion says what the data alone wants; where that is far from
real motion as the prior knows it (fault 11 of the reference: wrong trust in the prior), and the data is exact, the
likelihood under the prior counts less. Noisy joints make any motion look strange: so the data must be near to what is
fitted to it, every part of the body observed, and nothing may leap, in all frames that the likelihood is taken over.
2D keypoints do not show the motion in depth, and the prior keeps its weight with them.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from motionfit.body.model import BodyModel
from motionfit.body.parts import BODY_PARTS
from motionfit.metrics.diagnostics import data_errors, part_error
from motionfit.motion import Floor, Motion, Observations
from motionfit.pipeline.familiarity import familiarity_of
from motionfit.pipeline.timeline import Timeline
from motionfit.priors.checkpoints import Priors
from motionfit.priors.familiarity import HALF_WINDOW

TRUST = "prior_trust"
"""Name among the per-frame diagnostics."""

_FAMILIAR = 2.0
"""Deviations from real motion up to which the prior is fully trusted."""

_SPREAD = 0.5
"""So many deviations more halve the trust."""

_EXACT_CM = 4.5
"""Distance of stage II from the data at which the data supports it half; soon beyond it hardly does."""

_NEAR = 1.0
"""A grid frame is observed if a frame of the clip lies within so many grid steps."""


def trust_of_clips(
    clips: Iterable[tuple[Motion, Motion, Floor, Observations, Timeline]], body: BodyModel, priors: Priors
) -> Float[Tensor, "clips frames"]:
    """`prior_trust` of clips of equal length, on the device of the body.

    Args:
        clips: Of each stage II on the grid and on its own frames, its floor, what was observed, and its timeline.
        body: Of all.
        priors: Of all.
    """
    still, known = body.to("cpu"), priors.to("cpu")
    found = []
    for on_grid, motion, floor, observations, line in clips:
        found.append(prior_trust(on_grid, motion, observations, line, still, floor, known))
    return torch.stack(found).to(body.joint_template)


def prior_trust(
    on_grid: Motion,
    observed: Motion,
    observations: Observations,
    line: Timeline,
    body: BodyModel,
    floor: Floor,
    priors: Priors,
) -> Float[Tensor, " frames"]:
    """Factor on the weight of the motion prior, 0..1, of each grid frame.

    Args:
        on_grid: Stage II on the grid, on the CPU.
        observed: Likewise on the frames of the clip.
        observations: Of the clip.
        line: Places the frames of the clip on the grid.
        body: On the CPU.
        floor: Of the motion.
        priors: On the CPU.
    """
    strangeness = None if observations.in_camera_frame else familiarity_of(on_grid, body, floor, priors)
    if strangeness is None:
        return torch.ones(on_grid.frames)
    beyond = (strangeness - _FAMILIAR).clamp(min=0.0) / _SPREAD
    doubt = 1.0 - 1.0 / (1.0 + beyond.square())
    return 1.0 - doubt * _throughout(_at_grid(_support(observed, observations, body), line))


def _support(motion: Motion, observations: Observations, body: BodyModel) -> Float[Tensor, " frames"]:
    """How well the data of each frame supports the motion fitted to it, 0..1."""
    if observations.kind == "points3d":  # which part a point belongs to is not known
        return torch.zeros(observations.frames)
    errors = data_errors(motion, observations, body)
    parts = torch.stack([errors[part_error(part)] for part in BODY_PARTS])
    support = 1.0 / (1.0 + (errors["data_error_cm"] / _EXACT_CM) ** 8)
    is_whole = parts.isfinite().all(0) & (errors["excursion_cm"] == 0.0)
    return torch.where(is_whole, support, torch.zeros_like(support))


def _throughout(support: Float[Tensor, " frames"]) -> Float[Tensor, " frames"]:
    """The least support among the frames that a score of familiarity is the mean of."""
    width = 2 * HALF_WINDOW + 1
    least: Tensor = -functional.max_pool1d(-support[None, None], width, 1, HALF_WINDOW)[0, 0]
    return least


def _at_grid(values: Float[Tensor, " observed"], line: Timeline) -> Float[Tensor, " frames"]:
    if line.is_grid:
        return values
    apart = (line.frame + line.share - torch.arange(line.frames)[:, None]).abs()
    nearest = apart.min(1)
    return torch.where(nearest.values <= _NEAR, values[nearest.indices], torch.zeros_like(values[:1]))
