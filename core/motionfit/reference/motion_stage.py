"""Stage III: every window is rolled out by the motion prior from an initial state x0.

Kept faults: each window has a shape, a floor and an x0 of its own, tied only by the overlap; with 3D data x0 is fed to
the prior as it stands (`reference.rollout`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.skeleton import CONTACT_JOINTS
from motionfit.energies.consistency import bone_length, joint_consistency
from motionfit.energies.contacts import contact_height, contact_velocity
from motionfit.energies.floor import floor_change
from motionfit.energies.latent_priors import motion_prior, pose_prior, shape_prior
from motionfit.energies.smoothness import joint_smoothness
from motionfit.pipeline.data_terms import PosedBody
from motionfit.priors.checkpoints import Priors
from motionfit.priors.state import MotionState
from motionfit.reference.observation_terms import (
    ReferenceBody,
    Terms,
    floor_overlap,
    observation_terms,
    shape_overlap,
)
from motionfit.reference.observed import WindowBatch
from motionfit.reference.prior_frame import PriorFrame, prior_frame
from motionfit.reference.rollout import RolledOut, roll_out
from motionfit.reference.rotations import rotation_from_vector


@dataclass(frozen=True)
class RolledMotion:
    """A roll-out and the body on it.

    Attributes:
        rolled: In the prior's frame.
        in_prior_frame: The body there.
        in_observed_frame: The body in the frame of the observations (the camera's with 2D keypoints).
        contacts: Probabilities; the first frame has those of the second.
    """

    rolled: RolledOut
    in_prior_frame: PosedBody
    in_observed_frame: PosedBody
    contacts: Float[Tensor, "windows frames 9"]


@dataclass(frozen=True)
class MotionStage:
    """The terms of stage III.

    The values are x0's `translation` and `root_orientation` (windows, 1, 3; the latter rotation vectors) and
    `pose_latents` (windows, 1, 32) in the frame of the observations; its `linear_velocity`, `angular_velocity`
    (windows, 3) and `joint_velocities` (windows, 22, 3) in the prior's frame; `motion_latents`
    (windows, frames − 1, 48), `betas` (windows, 16) and, with 2D keypoints, `floor` (windows, 3).

    Attributes:
        nominal_frames: What shape and floor are multiplied by: the frames of a window, or the frames that x0 is tuned
            on (kept fault: also where the window has fewer).
        initial_state_scale: What the initial state is multiplied by, to keep up with terms that are summed over frames.
    """

    reference: ReferenceBody
    priors: Priors
    observed: WindowBatch
    nominal_frames: int
    initial_state_scale: float = 1.0

    def roll(self, values: Mapping[str, Tensor]) -> RolledMotion:
        """Roll every window out over the observed frames."""
        frame, initial = self._initial_state(values)
        latents = values["motion_latents"][:, : self.observed.frames - 1]
        rolled = roll_out(self.priors.motion, initial, latents)
        states, betas = rolled.states, values["betas"]
        posed = self.reference.pose(betas, states.translation, states.root_orientation, states.body_pose)
        seen = posed
        if frame is not None:
            translation, root = frame.move_out(states.translation), frame.turn_out(states.root_orientation)
            seen = self.reference.pose(betas, translation, root, states.body_pose)
        contacts = rolled.contact_logits.sigmoid()
        return RolledMotion(rolled, posed, seen, torch.cat([contacts[:, :1], contacts], 1))

    def terms(self, values: Mapping[str, Tensor], wanted: Collection[str]) -> Terms:
        """Each wanted term, summed over the batch."""
        motion = self.roll(values)
        terms = observation_terms(self.observed, self.reference, motion.in_observed_frame, wanted)
        terms |= self._pose_terms(values, motion, wanted)
        terms |= self._motion_terms(values, motion, wanted)
        terms |= _contact_terms(motion, wanted)
        if "floor" in wanted and self.observed.floor is not None:
            terms["floor"] = self.nominal_frames * floor_change(values["floor"], self.observed.floor).sum()
        if "overlap" in terms:
            terms["overlap"] = terms["overlap"] + shape_overlap(self.observed, values["betas"])
            if "floor" in values:
                terms["overlap"] = terms["overlap"] + floor_overlap(self.observed, values["floor"])
        return terms

    def _initial_state(self, values: Mapping[str, Tensor]) -> tuple[PriorFrame | None, MotionState]:
        translation, root = values["translation"], rotation_from_vector(values["root_orientation"])
        body_pose = self.priors.pose.decode(values["pose_latents"])
        posed = self.reference.pose(values["betas"], translation, root, body_pose)
        frame = None
        if self.observed.in_camera_frame:
            frame = prior_frame(values["floor"], translation[:, 0], root[:, 0], posed.joints()[:, 0, 0])
            translation, root = frame.move_in(translation, posed.rest_joints[:, 0]), frame.turn_in(root)
            posed = self.reference.pose(values["betas"], translation, root, body_pose)
        return frame, MotionState(
            translation=translation[:, 0],
            linear_velocity=values["linear_velocity"],
            root_orientation=root[:, 0],
            angular_velocity=values["angular_velocity"],
            body_pose=body_pose[:, 0],
            joints=posed.joints()[:, 0],
            joint_velocities=values["joint_velocities"],
        )

    def _pose_terms(self, values: Mapping[str, Tensor], motion: RolledMotion, wanted: Collection[str]) -> Terms:
        terms: Terms = {}
        if "pose_prior" in wanted:
            latents, _ = self.priors.pose.encode(motion.in_prior_frame.body_pose)
            terms["pose_prior"] = pose_prior(latents).sum()
        if "shape_prior" in wanted:
            terms["shape_prior"] = self.nominal_frames * shape_prior(values["betas"]).sum()
        if "smoothness" in wanted:
            terms["smoothness"] = joint_smoothness(motion.in_observed_frame.joints()).sum()
        return terms

    def _motion_terms(self, values: Mapping[str, Tensor], motion: RolledMotion, wanted: Collection[str]) -> Terms:
        rolled = motion.rolled
        terms: Terms = {}
        if "motion_prior" in wanted:
            latents = values["motion_latents"][:, : self.observed.frames - 1]
            terms["motion_prior"] = motion_prior(latents, rolled.prior_mean, rolled.prior_variance).sum()
        if "initial_state" in wanted:
            x0 = rolled.states.frame(0)
            likelihood = self.priors.initial_state.log_likelihood(
                x0.joints, x0.joint_velocities, x0.linear_velocity, x0.angular_velocity
            )
            terms["initial_state"] = -self.initial_state_scale * likelihood.sum()
        if "joint_consistency" in wanted:
            body_joints = motion.in_prior_frame.joints()
            terms["joint_consistency"] = joint_consistency(body_joints, rolled.states.joints).sum()
        if "bone_length" in wanted:
            terms["bone_length"] = bone_length(rolled.states.joints).sum()
        return terms


def _contact_terms(motion: RolledMotion, wanted: Collection[str]) -> Terms:
    terms: Terms = {}
    touching = motion.in_prior_frame.joints()[..., CONTACT_JOINTS, :]
    if "contact_velocity" in wanted:
        terms["contact_velocity"] = contact_velocity(touching, motion.contacts).sum()
    if "contact_height" in wanted:
        terms["contact_height"] = contact_height(touching[..., 2], motion.contacts).sum()
    return terms
