"""What a motion prior is worth to fits: how well it follows real motion over two seconds.

Windows of 60 frames are encoded in closed loop and rolled out; open-loop latents show how much single steps drift.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.skeleton import BODY_JOINTS
from motionfit.datasets.clips import LabelledStates
from motionfit.geometry.rotations import geodesic_angle
from motionfit.priors.motion import MotionPrior
from motionfit.priors.rollout import infer_latents, local_transitions, reconstruct, roll_out
from motionfit.priors.state import MotionState
from motionfit.training.motion_loss import divergence

EVALUATED_FRAMES = 60
_STRIDE = 90
_NAT = 1e-3


@dataclass(frozen=True)
class EvaluationWindows:
    """Windows of held-back motion with their contacts and the shape of each."""

    states: MotionState
    contacts: Float[Tensor, "windows frames 9"]
    betas: Float[Tensor, "windows 16"]

    def drawn(self, most: int, seed: int) -> EvaluationWindows:
        """At most so many of the windows, drawn at random."""
        count = len(self.betas)
        if count <= most:
            return self
        chosen = torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:most].sort().values
        return EvaluationWindows(
            self.states.map(lambda tensor: tensor[chosen]), self.contacts[chosen], self.betas[chosen]
        )


def validation_windows(recordings: list[LabelledStates], frames: int = EVALUATED_FRAMES) -> EvaluationWindows:
    """Windows of `frames`, a new one each 3 s; recordings too short for one are cut to none."""
    vectors: list[Tensor] = []
    contacts: list[Tensor] = []
    betas: list[Tensor] = []
    for recording in recordings:
        packed = recording.states.pack()
        for start in range(0, len(packed) - frames + 1, _STRIDE):
            vectors.append(packed[start : start + frames])
            contacts.append(recording.contacts[start : start + frames])
            betas.append(recording.betas)
    if not vectors:
        longest = max((recording.states.frames for recording in recordings), default=0)
        if longest < 2:
            raise ValueError("no validation recording is long enough to evaluate")
        return validation_windows(recordings, longest)
    return EvaluationWindows(MotionState.unpack(torch.stack(vectors)), torch.stack(contacts), torch.stack(betas))


@torch.no_grad()
def evaluate_motion_prior(prior: MotionPrior, windows: EvaluationWindows) -> dict[str, float]:
    """Errors in m and rad; the score is the closed-loop joint error plus 1 mm per nat of divergence.

    `drift` is the distance of the root at the last frame, `step_…` are errors of single steps from recorded pasts,
    `closed_consistency` is between the predicted root joint and that of the predicted translation, `nll` the negative
    log density (nats a step) of the closed-loop latents under the conditional prior.
    """
    truth = windows.states
    closed = reconstruct(prior, truth)
    opened = roll_out(prior, truth.frame(0), infer_latents(prior, truth))
    past, following = local_transitions(truth)
    mean, variance = prior.posterior(past, following)
    stepped, logits = prior.decode(past, mean)
    step, target = MotionState.unpack(stepped), MotionState.unpack(following)
    touching = windows.contacts[:, 1:] > 0.5
    spread = closed.prior_variance
    nll = 0.5 * ((closed.latents - closed.prior_mean).square() / spread + (2 * torch.pi * spread).log()).sum(-1)
    joint_error = _distance(closed.states.joints, truth.joints)
    root = closed.states.joints[..., 0, :]
    offset = truth.trans_to_joint()
    kl = float(divergence(mean, variance, *prior.prior(past)).mean())
    return {
        "closed_joints": joint_error,
        "closed_drift": _distance(root[:, -1], truth.joints[:, -1, 0]),
        "closed_root_angle": float(geodesic_angle(closed.states.root_orientation, truth.root_orientation).mean()),
        "closed_pose_angle": float(geodesic_angle(closed.states.body_pose, truth.body_pose).mean()),
        "open_joints": _distance(opened.states.joints, truth.joints),
        "open_drift": _distance(opened.states.joints[:, -1, 0], truth.joints[:, -1, 0]),
        "step_joints": _distance(step.joints, target.joints),
        "step_velocities": _distance(step.joint_velocities, target.joint_velocities),
        "closed_consistency": _distance(root, closed.states.translation + offset),
        "contact_accuracy": float(((closed.contact_logits > 0) == touching).float().mean()),
        "step_contact_accuracy": float(((logits > 0) == touching).float().mean()),
        "kl_validation": kl,
        "nll": float(nll.mean()),
        "score": joint_error + _NAT * kl,
    }


def _distance(first: Tensor, second: Tensor) -> float:
    assert first.shape[-1] == 3
    assert first.ndim != 4 or first.shape[-2] == BODY_JOINTS
    return float((first - second).norm(dim=-1).mean())
