"""One stage III closure written plainly, as research code does it: what the lean roll-out is measured against.

The same terms on the same numbers, but: the priors' weights ask for gradients, the conditional prior is evaluated at
every step, every step goes through the outer frame and through axis-angle, the full mesh is posed for the initial
state (padded to the clip's length), in the prior frame and in the frame of the observations, and the poses are
encoded by the pose prior.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from motionfit.body.model import vertices
from motionfit.geometry.rotations import axis_angle_from_rotation, rotation_from_axis_angle
from motionfit.pipeline.rollout_stage import Rolled, RolloutStage
from motionfit.priors.motion import MotionPrior
from motionfit.priors.rollout import RollOut
from motionfit.priors.state import MotionState, local_frame, to_local, to_world


def with_trainable_priors(stage: RolloutStage) -> RolloutStage:
    """The stage with priors whose weights ask for gradients."""
    priors = replace(stage.priors, pose=copy.deepcopy(stage.priors.pose), motion=copy.deepcopy(stage.priors.motion))
    priors.pose.requires_grad_(True)
    priors.motion.requires_grad_(True)
    return replace(stage, priors=priors)


class PlainStage(RolloutStage):
    """Stage III with the plain roll-out in the place of the lean one."""

    def roll(self, values: Mapping[str, Tensor]) -> Rolled:
        """Roll every window out, once, step by step through the outer frame, with the detours of the plain way."""
        betas = values["betas"].repeat_interleave(len(self.windows), 0)
        rest = self.body.rest_joints(betas)
        normal, offset = self.ground.at(values, len(self.windows))
        transform, initial = self._initial_state(values, rest, normal, offset, {})
        latents = values["motion_latents"][:, : self.batch.frames - 1]
        rolled = plain_roll_out(self.priors.motion, initial, latents, rest[:, 0])
        on_body = self._on_body(betas, rest, transform, rolled, normal, offset, {})
        return replace(on_body, contacts=on_body.contacts + 0.0 * self._meshes_and_codes(rolled.states, betas))

    def _meshes_and_codes(self, states: MotionState, betas: Tensor) -> Tensor:
        frames = self.batch.frames
        padded = states.frame(0).map(lambda tensor: tensor.unsqueeze(1).expand(-1, frames, *tensor.shape[1:]))
        total = betas.new_zeros(())
        for each in (padded, states, states):
            mesh = vertices(self.body, betas, each.translation, each.root_orientation, each.body_pose)
            total = total + mesh.sum()
        mean, _ = self.priors.pose.encode(states.body_pose)
        return total + mean.sum()


def plain_roll_out(prior: MotionPrior, initial: MotionState, latents: Tensor, trans_to_joint: Tensor) -> RollOut:
    """Like `priors.rollout.roll_out`, one step at a time through the outer frame.

    Args:
        prior: The motion prior.
        initial: (batch, …) in its own local frame.
        latents: (batch, steps, 48).
        trans_to_joint: (batch, 3) root joint minus translation.
    """
    worlds = [initial]
    steps: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for step in range(latents.shape[1]):
        frame = local_frame(worlds[-1])
        past = _through_axis_angle(to_local(worlds[-1], frame, trans_to_joint)).pack()
        mean, variance = prior.prior(past)
        following, contact = prior.decode(past, latents[:, step])
        state = _through_axis_angle(MotionState.unpack(following))
        worlds.append(to_world(state, frame, trans_to_joint))
        steps.append((contact, mean, variance, past))
    packed = torch.stack([world.pack() for world in worlds], 1)
    logits, mean, variance, pasts = (torch.stack(kept, 1) for kept in zip(*steps, strict=True))
    return RollOut(MotionState.unpack(packed), latents, logits, mean, variance, pasts)


def _through_axis_angle(state: MotionState) -> MotionState:
    root = rotation_from_axis_angle(axis_angle_from_rotation(state.root_orientation))
    pose = rotation_from_axis_angle(axis_angle_from_rotation(state.body_pose))
    return replace(state, root_orientation=root, body_pose=pose)
