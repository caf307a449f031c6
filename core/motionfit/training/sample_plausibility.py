"""Whether random motion stays human: bones, speeds and feet of roll-outs from recorded states.

What users get is the body posed by translation and rotations, whose joints are also what the next step sees: its bones
are right by construction. The joints that the prior predicts beside them are judged apart, in roll-outs that go on
from these, as HuMoR's do.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.model import BodyModel, pose_skeleton, skin
from motionfit.body.skeleton import PARENTS
from motionfit.datasets.clips import LabelledStates
from motionfit.geometry.planes import world_floor
from motionfit.metrics.plausibility import skating_cm_per_frame
from motionfit.priors.motion import MotionPrior
from motionfit.priors.rollout import sample
from motionfit.priors.state import MotionState
from motionfit.training.samples import FPS, at_the_origin

RUNS = 200
STEPS = 150

_BONE_TOLERANCE = 0.05
_FASTEST = 12.0
_DEEPEST = -0.03
_FEET = (7, 8, 10, 11)
_SOLES = (3216, 3226, 3387, 6617, 6624, 6787)
"""Vertices of big toes, small toes and heels."""


@dataclass(frozen=True)
class _Runs:
    """Where roll-outs put the body; all in the world frame, m."""

    posed: Float[Tensor, "runs frames 22 3"]
    soles: Float[Tensor, "runs frames 6 3"]
    rest: Float[Tensor, "runs 22 3"]


@torch.no_grad()
def evaluate_samples(
    prior: MotionPrior,
    recordings: list[LabelledStates],
    body: BodyModel,
    seed: int,
    runs: int = RUNS,
    steps: int = STEPS,
) -> dict[str, float]:
    """Shares of random roll-outs that stay human, and how they differ and skate.

    Args:
        prior: The motion prior.
        recordings: Give the initial states, all frames alike; each is drawn once as long as there are enough.
        body: To pose.
        seed: Of states and samples.
        runs: How many roll-outs.
        steps: Of each.

    Returns:
        `plausible` (share with bones within 5 % of the body's, no joint faster than 12 m/s, and ankles and toes above
        −3 cm, in every frame) and each part, of the posed body; `soles_plausible`, the same with toes and heels of the
        surface above −3 cm too; `predicted_…`, of the predicted joints of other roll-outs; `diversity_m`, the mean
        distance of the posed joints of two samples from one state, and `pose_diversity_m`, with their roots put
        together; `skating_cm_per_frame` of the posed body.
    """
    generator = torch.Generator().manual_seed(seed)
    initial, betas = _initial_states(recordings, runs, generator)
    rest = body.rest_joints(betas)
    drawn = (sample(prior, initial, steps, generator, rest_joints=rest) for _ in range(2))
    first, second = (_place(rolled.states, betas, body) for rolled in drawn)
    predicted = sample(prior, initial, steps, generator).states.joints
    apart = first.posed - second.posed
    aligned = apart - apart[:, :, :1]
    floor = world_floor()
    skating = [skating_cm_per_frame(joints, floor) for joints in first.posed]
    return {
        "runs": float(len(first.posed)),
        "seconds": steps / FPS,
        **_shares(first),
        **_shares_of(predicted, rest, "predicted_"),
        "diversity_m": _mean_distance(apart),
        "pose_diversity_m": _mean_distance(aligned),
        "skating_cm_per_frame": _mean(torch.tensor(skating)),
    }


@torch.no_grad()
def evaluate_recorded(recordings: list[LabelledStates], body: BodyModel, steps: int = STEPS) -> dict[str, float]:
    """The same shares of recorded motion, in pieces of at most so many steps: what to hold samples against."""
    shares: list[dict[str, float]] = []
    skating: list[float] = []
    for recording in recordings:
        packed = recording.states.pack()
        for start in range(0, len(packed) - 1, steps):
            piece = MotionState.unpack(packed[None, start : start + steps + 1])
            if piece.frames < 2:
                continue
            runs = _place(piece, recording.betas[None], body)
            shares.append(_shares(runs))
            skating.append(skating_cm_per_frame(runs.posed[0], world_floor()))
    found = {name: sum(share[name] for share in shares) / len(shares) for name in shares[0]}
    return {"runs": float(len(shares)), **found, "skating_cm_per_frame": sum(skating) / len(skating)}


def _initial_states(
    recordings: list[LabelledStates], runs: int, generator: torch.Generator
) -> tuple[MotionState, Float[Tensor, "runs 16"]]:
    lengths = torch.tensor([recording.states.frames for recording in recordings])
    packed = torch.cat([recording.states.pack() for recording in recordings])
    owner = torch.arange(len(recordings)).repeat_interleave(lengths)
    order = torch.randperm(len(packed), generator=generator)
    chosen = order[torch.arange(runs) % len(order)]
    betas = torch.stack([recording.betas for recording in recordings])
    return at_the_origin(MotionState.unpack(packed[chosen])), betas[owner[chosen]]


def _place(states: MotionState, betas: Float[Tensor, "runs 16"], body: BodyModel) -> _Runs:
    surface, rest = body.points(torch.tensor(_SOLES)), body.rest_joints(betas)
    posed = pose_skeleton(rest, states.translation, states.root_orientation, states.body_pose)
    soles = skin(surface, surface.shaped(betas), rest, posed, states.body_pose)
    return _Runs(posed.joints, soles, rest)


def _shares(runs: _Runs) -> dict[str, float]:
    holds = _plausible(runs.posed, runs.rest)["plausible"] & _is_above(runs.soles)
    return {**_shares_of(runs.posed, runs.rest), "soles_plausible": float(holds.float().mean())}


def _shares_of(
    joints: Float[Tensor, "runs frames 22 3"], rest: Float[Tensor, "runs 22 3"], prefix: str = ""
) -> dict[str, float]:
    return {prefix + name: float(holds.float().mean()) for name, holds in _plausible(joints, rest).items()}


def _plausible(
    joints: Float[Tensor, "runs frames 22 3"], rest: Float[Tensor, "runs 22 3"]
) -> dict[str, Bool[Tensor, " runs"]]:
    bones, speeds, feet = _bones_hold(joints, rest), _is_slow(joints), _is_above(joints[:, :, list(_FEET)])
    return {"plausible": bones & speeds & feet, "bones_hold": bones, "speeds_hold": speeds, "feet_hold": feet}


def _bones_hold(joints: Float[Tensor, "runs frames 22 3"], rest: Float[Tensor, "runs 22 3"]) -> Bool[Tensor, " runs"]:
    parents = list(PARENTS[1:])
    true = (rest[:, 1:] - rest[:, parents]).norm(dim=-1).unsqueeze(1)
    length = (joints[:, :, 1:] - joints[:, :, parents]).norm(dim=-1)
    holds: Tensor = (length / true - 1.0).abs() < _BONE_TOLERANCE
    return holds.flatten(1).all(1)


def _is_slow(joints: Float[Tensor, "runs frames 22 3"]) -> Bool[Tensor, " runs"]:
    is_slow: Tensor = (joints[:, 1:] - joints[:, :-1]).norm(dim=-1) * FPS < _FASTEST
    return is_slow.flatten(1).all(1)


def _is_above(points: Float[Tensor, "runs frames points 3"]) -> Bool[Tensor, " runs"]:
    return (points[..., 2] > _DEEPEST).flatten(1).all(1)


def _mean_distance(difference: Tensor) -> float:
    return _mean(difference.norm(dim=-1))


def _mean(values: Tensor) -> float:
    """Mean of what is finite: a roll-out that explodes counts as implausible, not as diverse."""
    finite = values[torch.isfinite(values)]
    return float(finite.mean()) if len(finite) else 0.0
