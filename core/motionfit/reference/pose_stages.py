"""Stages I and II: a root, then a pose per frame and a shape, without dynamics."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from torch import Tensor

from motionfit.energies.latent_priors import pose_prior, shape_prior
from motionfit.energies.smoothness import joint_smoothness
from motionfit.pipeline.data_terms import PosedBody
from motionfit.priors.pose import PoseAutoencoder
from motionfit.reference.observation_terms import ReferenceBody, Terms, observation_terms, shape_overlap
from motionfit.reference.observed import WindowBatch
from motionfit.reference.rotations import rotation_from_vector


@dataclass(frozen=True)
class PoseStages:
    """The terms of stages I and II.

    The values are `translation` (windows, frames, 3), `root_orientation` (windows, frames, 3; rotation vectors),
    `pose_latents` (windows, frames, 32) and `betas` (windows, 16): a shape for each window.
    """

    reference: ReferenceBody
    prior: PoseAutoencoder
    observed: WindowBatch

    def pose(self, values: Mapping[str, Tensor]) -> PosedBody:
        """The body in every frame."""
        root = rotation_from_vector(values["root_orientation"])
        body_pose = self.prior.decode(values["pose_latents"])
        return self.reference.pose(values["betas"], values["translation"], root, body_pose)

    def root_terms(self, values: Mapping[str, Tensor], wanted: Collection[str]) -> Terms:
        """Each wanted term of stage I, summed over the batch."""
        return observation_terms(self.observed, self.reference, self.pose(values), wanted)

    def pose_terms(self, values: Mapping[str, Tensor], wanted: Collection[str]) -> Terms:
        """Each wanted term of stage II, summed over the batch."""
        posed = self.pose(values)
        terms = observation_terms(self.observed, self.reference, posed, wanted)
        if "pose_prior" in wanted:
            terms["pose_prior"] = pose_prior(values["pose_latents"]).sum()
        if "shape_prior" in wanted:
            terms["shape_prior"] = self.observed.frames * shape_prior(values["betas"]).sum()
        if "smoothness" in wanted:
            terms["smoothness"] = joint_smoothness(posed.joints()).sum()
        if "overlap" in terms:
            terms["overlap"] = terms["overlap"] + shape_overlap(self.observed, values["betas"])
        return terms
