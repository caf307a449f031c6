"""A roll-out that runs away before anything is optimised is started again from what the motion prior expects.

Latents that were read off stage II, or found on the first frames only, may carry the state where the prior was never
trained; from there it can leave all bounds within a few steps, and no gradient leads back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from jaxtyping import Int
from torch import Tensor

from motionfit.pipeline.incidents import RAN_AWAY, Incident
from motionfit.pipeline.rollout_stage import Rolled, RolloutStage
from motionfit.priors.motion import Step
from motionfit.priors.state import LocalFrame

_VELOCITIES = ("x0_linear_velocity", "x0_angular_velocity", "x0_joint_velocities")
_REACH = 5.0
_STRIDE = 1.0
_STEPS_BACK = (1, 5, 15)


@torch.no_grad()
def steady_start(
    stage: RolloutStage, values: Mapping[str, Tensor], phase: str, may_change: Collection[str]
) -> tuple[dict[str, Tensor], list[tuple[Incident, ...]]]:
    """Values whose roll-out keeps its bounds, as far as that can be had.

    Where a window runs away its latents become the means of the conditional prior: from one step before that on, if
    that is not enough from 5, then 15 steps before, then all of them; at last x0 stands still as well.

    Args:
        stage: With all frames of its windows.
        values: Not changed.
        phase: Key of the phase that starts, for the incidents.
        may_change: Tensors that are not held.

    Returns:
        The values, the very same tensors where nothing ran away; and what was done, for each clip.
    """
    steady, length, clips = dict(values), stage.batch.frames, values["betas"].shape[0]
    runs_away = beyond = _first_beyond(stage.roll(values))
    keep = torch.full_like(beyond, length)
    if "motion_latents" in may_change:
        for back in (*_STEPS_BACK, length, length):
            is_beyond = beyond < length
            if not bool(is_beyond.any()):
                break
            still = is_beyond & (keep == 0)
            steady |= {name: _stopped(steady[name], still) for name in _VELOCITIES if name in may_change}
            keep = torch.where(is_beyond, (runs_away - 1 - back).clamp(min=0), keep)
            rolled = _rolled_as_expected(stage, steady, keep)
            steady["motion_latents"] = rolled.roll_out.latents
            beyond = _first_beyond(rolled)
    if not bool((keep < length).any()):
        return dict(values), [()] * clips
    count = len(stage.windows)
    rows = [_incident(stage, phase, row % count, *_pair(runs_away, keep, row)) for row in range(clips * count)]
    return steady, [tuple(each for each in rows[clip * count : (clip + 1) * count] if each) for clip in range(clips)]


def _rolled_as_expected(stage: RolloutStage, values: Mapping[str, Tensor], keep: Tensor) -> Rolled:
    """The roll-out that follows its latents for so many steps, then the mean of the conditional prior."""

    def choose(step: int, past: Step, _frame: LocalFrame) -> Tensor:
        expected, _ = stage.priors.motion.prior(past.pack())
        return torch.where((step < keep)[:, None], values["motion_latents"][:, step], expected)

    return stage.roll_by(values, choose)


def _first_beyond(rolled: Rolled) -> Int[Tensor, " windows"]:
    """The first frame of each window at which the state is no body that moves; the number of frames where none is.

    Its joints lie within 5 m of the pelvis, and the pelvis within 5 m, and a metre per frame, of where it started.
    """
    states = rolled.roll_out.states
    frames = states.frames
    time = torch.arange(frames, dtype=states.translation.dtype, device=states.translation.device)
    reach = (states.joints - states.joints[:, :, :1]).norm(dim=-1).amax(-1)
    way = (states.translation - states.translation[:, :1]).norm(dim=-1)
    is_body = torch.isfinite(states.pack()).all(-1) & (reach <= _REACH) & (way <= _REACH + _STRIDE * time)
    return torch.where(is_body.all(1), frames, is_body.to(torch.int64).argmin(1))


def _stopped(velocity: Tensor, still: Tensor) -> Tensor:
    return torch.where(still.reshape(-1, *[1] * (velocity.ndim - 1)), torch.zeros_like(velocity), velocity)


def _pair(runs_away: Tensor, keep: Tensor, row: int) -> tuple[int, int]:
    return int(runs_away[row]), int(keep[row])


def _incident(stage: RolloutStage, phase: str, window: int, runs_away: int, keep: int) -> Incident | None:
    if keep >= stage.batch.frames:
        return None
    start = stage.window_starts[window]
    return Incident(
        phase=phase,
        iteration=0,
        what=RAN_AWAY,
        term=None,
        frame=start + runs_away,
        window=window if len(stage.windows) > 1 else None,
        action=f"from frame {start + keep + 1} on it was started again from what the motion prior expects",
    )
