"""The pose prior: VPoser, a variational autoencoder of body poses (Pavlakos et al., CVPR 2019).

What every version does stands in `PoseAutoencoder`; `PosePrior` is version 2, which MotionFit trains, and
`priors.pose_first` version 1. Layers and their names are those of human_body_prior, so its published weights fit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from motionfit.body.skeleton import POSED_JOINTS
from motionfit.geometry.rotations import axis_angle_from_rotation, rotation_from_six

POSE_LATENT = 32
POSE_WIDTH = 512
_DROPOUT = 0.1


class _NormalHead(nn.Module):
    """Mean and scale of a diagonal normal distribution."""

    def __init__(self, width: int, latent: int) -> None:
        super().__init__()
        self.mu = nn.Linear(width, latent)
        self.logvar = nn.Linear(width, latent)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return self.mu(features), functional.softplus(self.logvar(features))


class PoseAutoencoder(nn.Module, ABC):
    """Encodes body poses to a 32-dimensional latent with a standard normal prior, and decodes them.

    Args:
        width: Units of the hidden layers.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    @abstractmethod
    def normal_of(self, axis_angle: Float[Tensor, "poses 63"]) -> tuple[Float[Tensor, "poses 32"], ...]:
        """Mean and scale of the latent, from the rotation vectors of the 21 joints."""

    @abstractmethod
    def six_of(self, latent: Float[Tensor, "*batch 32"]) -> Float[Tensor, "*batch 126"]:
        """The rotations of the 21 joints in the 6D representation."""

    def encode(
        self, body_pose: Float[Tensor, "*batch 21 3 3"]
    ) -> tuple[Float[Tensor, "*batch 32"], Float[Tensor, "*batch 32"]]:
        """Mean and scale (standard deviation) of the latent of a pose."""
        batch = body_pose.shape[:-3]
        mean, scale = self.normal_of(axis_angle_from_rotation(body_pose).reshape(-1, POSED_JOINTS * 3))
        return mean.reshape(*batch, POSE_LATENT), scale.reshape(*batch, POSE_LATENT)

    def decode(self, latent: Float[Tensor, "*batch 32"]) -> Float[Tensor, "*batch 21 3 3"]:
        """Joint rotations relative to the parents."""
        return rotation_from_six(self.six_of(latent).unflatten(-1, (POSED_JOINTS, 6)))


class PosePrior(PoseAutoencoder):
    """VPoser v2.

    Args:
        width: Units of the hidden layers; 512 in the published one.
    """

    def __init__(self, width: int = POSE_WIDTH) -> None:
        super().__init__(width)
        numbers = POSED_JOINTS * 3
        self.encoder_net = nn.Sequential(
            nn.Flatten(),
            nn.BatchNorm1d(numbers),
            nn.Linear(numbers, width),
            nn.LeakyReLU(),
            nn.BatchNorm1d(width),
            nn.Dropout(_DROPOUT),
            nn.Linear(width, width),
            nn.Linear(width, width),
            _NormalHead(width, POSE_LATENT),
        )
        self.decoder_net = nn.Sequential(
            nn.Linear(POSE_LATENT, width),
            nn.LeakyReLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(width, width),
            nn.LeakyReLU(),
            nn.Linear(width, POSED_JOINTS * 6),
        )

    def normal_of(self, axis_angle: Float[Tensor, "poses 63"]) -> tuple[Float[Tensor, "poses 32"], ...]:
        """Mean and scale of the latent, from the rotation vectors of the 21 joints."""
        mean, scale = self.encoder_net(axis_angle)
        return mean, scale

    def six_of(self, latent: Float[Tensor, "*batch 32"]) -> Float[Tensor, "*batch 126"]:
        """The rotations of the 21 joints in the 6D representation."""
        six: Tensor = self.decoder_net(latent)
        return six


def identity_bias(prior: PosePrior) -> None:
    """Let an untrained decoder start at the rest pose: the 6D bias of every joint is that of the identity."""
    last = prior.decoder_net[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        six = last.bias.view(POSED_JOINTS, 6)
        six[:, 0] += 1.0
        six[:, 3] += 1.0
