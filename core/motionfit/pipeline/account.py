"""What a stage tells of its frames when it has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from motionfit.pipeline.divergence import StageTerms
from motionfit.pipeline.optimise import Values, term_weights
from motionfit.pipeline.pose_stage import PoseStage
from motionfit.pipeline.result import ROBUST_SCALE
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.shares import Shares, shares_of_poses, shares_of_rollout
from motionfit.pipeline.stages import phases_of

AccountOf = Callable[[Values], Shares]


def account_of(stage: StageTerms, key: str, settings: FitSettings, values: Values) -> Shares:
    """What each frame contributes, by the weights of the stage's last phase and the scales that travel with the values.

    Batches of windows have scales of their own; all are told by those of the last one.
    """
    weights = term_weights(phases_of(key)[-1], settings)
    kept = {name.removeprefix(ROBUST_SCALE): value for name, value in values.items() if name.startswith(ROBUST_SCALE)}
    scaled = replace(stage, batch=stage.batch.scaled(kept))
    if isinstance(scaled, PoseStage):
        return shares_of_poses(scaled, values, weights)
    return shares_of_rollout(scaled, values, weights)
