"""Stages I and II: a pose per frame, without dynamics."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from motionfit.body.height import body_height
from motionfit.body.model import BodyModel, pose_skeleton
from motionfit.energies.height import height
from motionfit.energies.latent_priors import pose_prior, shape_prior
from motionfit.energies.smoothness import joint_smoothness
from motionfit.geometry.rotations import rotation_from_six, six_from_rotation
from motionfit.pipeline.batch import Batch
from motionfit.pipeline.data_terms import DataTerms, PosedBody, Residuals
from motionfit.pipeline.held import hold_pose
from motionfit.priors.pose import PoseAutoencoder

POSE_STAGE_TENSORS: dict[str, tuple[str, ...]] = {
    "translation": ("translation",),
    "root_orientation": ("root_six",),
    "body_pose": ("pose_latents",),
    "shape": ("betas",),
}
"""Which tensors a variable stands for: translation (clips, frames, 3), root_six (clips, frames, 6), pose_latents
(clips, frames, 32), betas (clips, 16)."""

STRETCH = 480
"""Frames of a long clip that are evaluated at once where gradients are wanted."""


@dataclass(frozen=True)
class PoseStage:
    """The terms of stages I and II for a batch of clips."""

    body: BodyModel
    prior: PoseAutoencoder
    data: DataTerms
    batch: Batch

    def pose(self, values: Mapping[str, Tensor]) -> PosedBody:
        """The body in every frame."""
        body_pose = hold_pose(self.prior.decode(values["pose_latents"]), values)
        rest = self.body.rest_joints(values["betas"])
        root = rotation_from_six(values["root_six"])
        skeleton = pose_skeleton(rest, values["translation"], root, body_pose)
        return PosedBody(values["betas"], rest, skeleton, body_pose)

    @property
    def window_starts(self) -> tuple[int, ...]:
        """The clip is one piece."""
        return (0,)

    @property
    def frame_tensors(self) -> Mapping[str, int]:
        """All but the shape, from frame 0 on."""
        return {"translation": 0, "root_six": 0, "pose_latents": 0}

    def residuals(self, values: Mapping[str, Tensor]) -> dict[str, Residuals]:
        """What the data terms are made of."""
        with torch.no_grad():
            return self.data.residuals(self.batch, self.pose(values), self.batch.scales)

    def terms(self, values: Mapping[str, Tensor], wanted: Collection[str]) -> dict[str, Tensor]:
        """Sum of each wanted term over the frames of each clip.

        Of a long clip, stretch after stretch: autograd keeps nothing of a stretch but evaluates it again for its
        gradient, so that memory does not grow with the clip.
        """
        frames = self.batch.frames
        if frames <= STRETCH or not torch.is_grad_enabled():
            return {name: term.sum(-1) for name, term in self.terms_by_frame(values, wanted).items()}
        terms: dict[str, Tensor] = {}
        for start in range(0, frames, STRETCH):
            found = checkpoint(self._terms_of_stretch, start, values, wanted, use_reentrant=False)
            terms = {name: term + terms[name] if name in terms else term for name, term in found.items()}
        return terms

    def _terms_of_stretch(self, start: int, values: Mapping[str, Tensor], wanted: Collection[str]) -> dict[str, Tensor]:
        """The sums over the frames of a stretch and the steps that begin in it, which need one more frame."""
        stop = min(start + STRETCH, self.batch.frames)
        beyond = min(stop + 1, self.batch.frames)
        part = replace(self, batch=self.batch.windows(((start, beyond),)))
        cut_values = {name: value if name == "betas" else value[:, start:beyond] for name, value in values.items()}
        terms = part.terms_by_frame(cut_values, [name for name in wanted if name not in ("shape_prior", "height")])
        sums = {name: term[:, : stop - start].sum(-1) for name, term in terms.items()}
        if "shape_prior" in wanted:
            sums["shape_prior"] = (stop - start) * shape_prior(values["betas"])
        if "height" in wanted and self.batch.height is not None:
            sums["height"] = (stop - start) * height(body_height(self.body, values["betas"]), self.batch.height)
        return sums

    def terms_by_frame(self, values: Mapping[str, Tensor], wanted: Collection[str]) -> dict[str, Tensor]:
        """Each wanted term of each clip by frames, by steps between frames (one less), or as one number."""
        posed = self.pose(values)
        frames = posed.body_pose.shape[1]
        terms: dict[str, Tensor] = dict(self.data.evaluate(self.batch, posed, wanted))
        if "pose_prior" in wanted:
            terms["pose_prior"] = pose_prior(values["pose_latents"])
        if "shape_prior" in wanted:
            terms["shape_prior"] = frames * shape_prior(values["betas"])[:, None]
        if "height" in wanted and self.batch.height is not None:
            found = height(body_height(self.body, values["betas"]), self.batch.height)
            terms["height"] = frames * found[:, None]
        if "smoothness" in wanted:
            terms["smoothness"] = joint_smoothness(posed.joints())
        return terms


def start_values(translation: Tensor, root_orientation: Tensor) -> dict[str, Tensor]:
    """The variables of stage I: a root per frame, the pose prior's mean pose, the mean shape.

    Args:
        translation: (clips, frames, 3), metres.
        root_orientation: (clips, frames, 3, 3).
    """
    clips, frames = translation.shape[:2]
    return {
        "translation": translation,
        "root_six": six_from_rotation(root_orientation),
        "pose_latents": translation.new_zeros(clips, frames, 32),
        "betas": translation.new_zeros(clips, 16),
    }
