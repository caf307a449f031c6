"""Where stage I starts, by what was observed."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.pipeline.batch import Batch
from motionfit.pipeline.initialise_camera import root_from_keypoints
from motionfit.pipeline.initialise_cloud import root_from_cloud
from motionfit.pipeline.initialise_root import root_from_points
from motionfit.priors.pose import PoseAutoencoder


def first_root(
    body: BodyModel, prior: PoseAutoencoder, batch: Batch
) -> tuple[Float[Tensor, "clips frames 3"], Float[Tensor, "clips frames 3 3"]]:
    """SMPL translation and root orientation of every frame; named points say more than unordered ones.

    Raises:
        InputError: No frame of a clip shows enough.
    """
    if batch.keypoints2d is not None:
        return root_from_keypoints(body, prior, batch)
    if batch.joints3d is None and batch.keypoints3d is None:
        return root_from_cloud(body, prior, batch)
    return root_from_points(body, batch)
