"""Stage III: windows rolled out by the motion prior from an initial state x0."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.height import body_height
from motionfit.body.model import BodyModel, pose_skeleton
from motionfit.energies.consistency import bone_length, joint_consistency
from motionfit.energies.contacts import contact_velocity
from motionfit.energies.height import height
from motionfit.energies.latent_priors import motion_prior, shape_prior
from motionfit.energies.overlap import overlap_positions, overlap_velocities
from motionfit.geometry.planes import RigidTransform, prior_from_observed
from motionfit.geometry.rotations import rotation_from_six
from motionfit.pipeline.batch import Batch
from motionfit.pipeline.contacts import Contacts
from motionfit.pipeline.data_terms import DataTerms, PosedBody, Residuals
from motionfit.pipeline.ground import Ground
from motionfit.pipeline.held import held_windows, hold_pose, hold_states
from motionfit.pipeline.windows import Windows
from motionfit.priors.checkpoints import Priors
from motionfit.priors.rollout import ChooseLatent, Recurrence, RollOut, roll_out, unroll
from motionfit.priors.state import MotionState

ROLLOUT_STAGE_TENSORS: dict[str, tuple[str, ...]] = {
    "translation": ("x0_translation",),
    "root_orientation": ("x0_root_six",),
    "body_pose": ("x0_pose_latent",),
    "initial_velocities": ("x0_linear_velocity", "x0_angular_velocity", "x0_joint_velocities"),
    "motion_latents": ("motion_latents",),
    "shape": ("betas",),
    "floor": ("floor_tilt", "floor_shift", "prior_height"),
}
"""Which tensors a variable stands for. Those of x0 have one row per window, velocities in the prior frame; betas
(clips, 16); floor_tilt (clips, 2) radians and floor_shift (clips, 1) metres from the ground's floor, where they are
free; prior_height (one row per window, 1) metres, without a ground."""

PER_WINDOW: frozenset[str] = frozenset(
    {
        "x0_translation",
        "x0_root_six",
        "x0_pose_latent",
        "x0_linear_velocity",
        "x0_angular_velocity",
        "x0_joint_velocities",
        "motion_latents",
        "prior_height",
    }
)
"""Tensors with one row per window; all others have one row per clip."""

X0_FRAMES = 15
"""The initial state counts as much as so many frames, whatever the window's length (HuMoR)."""


@dataclass(frozen=True)
class Rolled:
    """A roll-out, the body on it, and where it stands.

    Attributes:
        prior_from_observed: Of each window.
        roll_out: As the motion prior made it.
        posed: The body on it; what is held is in its place.
        contacts: Probabilities, (windows, frames, 22).
        floor_normal: Of each window.
        floor_offset: Likewise.
        is_held: Some of the body is held.
    """

    prior_from_observed: RigidTransform
    roll_out: RollOut
    posed: PosedBody
    contacts: Tensor
    floor_normal: Tensor
    floor_offset: Tensor
    is_held: bool

    def own_joints(self) -> Float[Tensor, "windows frames 22 3"]:
        """Joints of the body as it was rolled out, also where another is held."""
        states, rest = self.roll_out.states, self.posed.rest_joints
        return pose_skeleton(rest, states.translation, states.root_orientation, states.body_pose).joints


@dataclass(frozen=True)
class EarlierWindow:
    """The window before the first one of a stage, which is fitted already and does not change any more.

    Attributes:
        interval: Its first and last-plus-one frame in the clip.
        joints: In the frame of the observations.
    """

    interval: tuple[int, int]
    joints: Float[Tensor, "clips frames 22 3"]


@dataclass(frozen=True)
class RolloutStage:
    """The terms of stage III for clips cut into windows.

    Attributes:
        batch: One row per window, the windows of a clip next to each other.
        windows: The frames of each window in its clip.
        ground: Of each clip.
        contacts: With it.
        earlier: Ties the first window to the one before it.
        recurrence: Runs the steps of the roll-out; None = torch's single operations do.
    """

    body: BodyModel
    priors: Priors
    data: DataTerms
    batch: Batch
    windows: Windows
    ground: Ground
    contacts: Contacts
    earlier: EarlierWindow | None = None
    recurrence: Recurrence | None = None

    def first_frames(self, count: int | None) -> RolloutStage:
        """The same stage on the first frames of each window only."""
        return self if count is None else replace(self, batch=self.batch.first_frames(count))

    def roll(self, values: Mapping[str, Tensor]) -> Rolled:
        """Roll every window out."""
        return self._rolled(values, None)

    def roll_by(self, values: Mapping[str, Tensor], choose: ChooseLatent) -> Rolled:
        """Roll every window out by latents that are chosen on the way."""
        return self._rolled(values, choose)

    def _rolled(self, values: Mapping[str, Tensor], choose: ChooseLatent | None) -> Rolled:
        count = len(self.windows)
        betas = values["betas"].repeat_interleave(count, 0)
        rest = self.body.rest_joints(betas)
        normal, offset = self.ground.at(values, count)
        held = held_windows(values, self.windows, self.batch.frames)
        transform, initial = self._initial_state(values, rest, normal, offset, held)
        latents = values["motion_latents"][:, : self.batch.frames - 1]
        if choose is None:
            rolled = roll_out(
                self.priors.motion, initial, latents, rest[:, 0], initial_is_local=True, recurrence=self.recurrence
            )
        else:
            rolled = unroll(self.priors.motion, initial, latents.shape[1], choose, rest[:, 0], initial_is_local=True)
        return self._on_body(betas, rest, transform, rolled, normal, offset, held)

    def residuals(self, values: Mapping[str, Tensor]) -> dict[str, Residuals]:
        """What the data terms are made of."""
        with torch.no_grad():
            return self.data.residuals(self.batch, self.roll(values).posed, self.batch.scales)

    def terms(self, values: Mapping[str, Tensor], wanted: Collection[str]) -> dict[str, Tensor]:
        """Sum of each wanted term over the frames and windows of each clip."""
        rolled = self.roll(values)
        terms = {name: self._counted(term).sum(-1) for name, term in self.terms_by_frame(rolled, wanted).items()}
        terms = {name: self._per_clip(term) for name, term in terms.items()}
        return terms | self.terms_of_clips(rolled, values, wanted)

    def terms_by_frame(self, rolled: Rolled, wanted: Collection[str]) -> dict[str, Tensor]:
        """Each wanted term of each window by frames, by steps between frames (one less), or as one number."""
        terms: dict[str, Tensor] = dict(self.data.evaluate(self.batch, rolled.posed, wanted))
        terms |= self._prior_terms(rolled, wanted)
        return terms | self._contact_terms(rolled, wanted)

    def terms_of_clips(
        self, rolled: Rolled, values: Mapping[str, Tensor], wanted: Collection[str]
    ) -> dict[str, Tensor]:
        """The wanted terms that belong to no single window, one number per clip."""
        terms: dict[str, Tensor] = {}
        frames = self._per_clip(self.batch.frame_weights.sum(1))
        if "shape_prior" in wanted:
            terms["shape_prior"] = frames * shape_prior(values["betas"])
        if "height" in wanted and self.batch.height is not None:
            known = self.batch.height.unflatten(0, (-1, len(self.windows)))[:, 0]
            terms["height"] = frames * height(body_height(self.body, values["betas"]), known)
        floor = self.ground.deviation(values) if "floor" in wanted else None
        if floor is not None:
            terms["floor"] = frames * floor
        if "overlap" in wanted and (len(self.windows) > 1 or self.earlier is not None):
            terms["overlap"] = self._overlap_term(rolled)
        return terms

    @property
    def window_starts(self) -> tuple[int, ...]:
        """First frame of each window in its clip."""
        return tuple(start for start, _ in self.windows)

    @property
    def frame_tensors(self) -> Mapping[str, int]:
        """The latents, of which the first leads to frame 1."""
        return {"motion_latents": 1}

    def _counted(self, term: Tensor) -> Tensor:
        """Frames that windows share count in part; a step counts like the frame that it leads to."""
        count = term.shape[1]
        return term if count == 1 else term * self.batch.frame_weights[:, -count:]

    def _per_clip(self, term: Tensor) -> Tensor:
        summed: Tensor = term.unflatten(0, (-1, len(self.windows))).sum(1)
        return summed

    def _initial_state(
        self, values: Mapping[str, Tensor], rest: Tensor, normal: Tensor, offset: Tensor, held: Mapping[str, Tensor]
    ) -> tuple[RigidTransform, MotionState]:
        root = rotation_from_six(values["x0_root_six"])
        first = {name: value[:, :1] for name, value in held.items()}
        pose = hold_pose(self.priors.pose.decode(values["x0_pose_latent"])[:, None], first)[:, 0]
        posed = pose_skeleton(rest, values["x0_translation"][:, None], root[:, None], pose[:, None])
        joints = posed.joints[:, 0]
        transform = prior_from_observed(normal, offset, root, joints[:, 0], rest[:, 0])
        local_joints = transform.apply(joints)
        return transform, MotionState(
            translation=local_joints[:, 0] - rest[:, 0],
            linear_velocity=values["x0_linear_velocity"],
            root_orientation=transform.rotation @ root,
            angular_velocity=values["x0_angular_velocity"],
            body_pose=pose,
            joints=local_joints,
            joint_velocities=values["x0_joint_velocities"],
        )

    def _on_body(
        self,
        betas: Tensor,
        rest: Tensor,
        transform: RigidTransform,
        rolled: RollOut,
        normal: Tensor,
        offset: Tensor,
        held: Mapping[str, Tensor],
    ) -> Rolled:
        states = hold_states(rolled.states, held, transform, rest[:, 0]) if held else rolled.states
        skeleton = pose_skeleton(rest, states.translation, states.root_orientation, states.body_pose)
        posed = PosedBody(betas, rest, skeleton, states.body_pose, transform.inverse())
        contacts = self.contacts.probabilities(
            rolled.contact_logits, skeleton.joints, self.batch.fps, self.windows, self.ground.is_there
        )
        return Rolled(transform, rolled, posed, contacts, normal, offset, bool(held))

    def _prior_terms(self, rolled: Rolled, wanted: Collection[str]) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = {}
        out = rolled.roll_out
        if "motion_prior" in wanted:
            terms["motion_prior"] = self._trusted(motion_prior(out.latents, out.prior_mean, out.prior_variance))
        if "initial_state" in wanted:
            x0 = out.states.frame(0)
            likelihood = self.priors.initial_state.log_likelihood(
                x0.joints, x0.joint_velocities, x0.linear_velocity, x0.angular_velocity
            )
            terms["initial_state"] = (-likelihood * self.batch.frame_weights.sum(1) / X0_FRAMES)[:, None]
        if "joint_consistency" in wanted:
            body_joints = rolled.posed.skeleton.joints
            terms["joint_consistency"] = joint_consistency(body_joints, out.states.joints)
            if rolled.is_held:  # where the body is held, it also pulls the rolled-out body to itself
                terms["joint_consistency"] += joint_consistency(body_joints, rolled.own_joints())
        if "bone_length" in wanted:
            terms["bone_length"] = bone_length(out.states.joints)
        return terms

    def _trusted(self, steps: Tensor) -> Tensor:
        """Likelihoods of steps, each weighed by the trust in its later frame."""
        return steps if self.batch.trust is None else steps * self.batch.trust[:, 1:]

    def _contact_terms(self, rolled: Rolled, wanted: Collection[str]) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = {}
        joints = rolled.posed.skeleton.joints
        if "contact_velocity" in wanted:
            terms["contact_velocity"] = contact_velocity(joints, rolled.contacts)
        if "contact_height" in wanted and self.ground.is_there:
            terms["contact_height"] = self.contacts.height_term(joints, rolled.contacts)
        return terms

    def _overlap_term(self, rolled: Rolled) -> Tensor:
        joints = rolled.posed.joints().unflatten(0, (-1, len(self.windows)))
        windows = self.windows
        if self.earlier is not None:
            joints = torch.cat([self.earlier.joints[:, None], joints], 1)
            windows = (self.earlier.interval, *windows)
        return torch.stack(
            [overlap_positions(clip, windows).sum() + overlap_velocities(clip, windows).sum() for clip in joints]
        )
