"""VPoser v1 (human_body_prior up to 1.0): the pose prior of SMPLify-X, whose latents are not those of version 2."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from motionfit.body.skeleton import POSED_JOINTS
from motionfit.priors.pose import POSE_LATENT, POSE_WIDTH, PoseAutoencoder

_SLOPE = 0.2
_DROPOUT = 0.1


class PosePriorFirst(PoseAutoencoder):
    """VPoser v1: an activation after every layer but the last, of a steeper slope than version 2 has.

    Args:
        width: Units of the hidden layers; 512 in the published one.
    """

    def __init__(self, width: int = POSE_WIDTH) -> None:
        super().__init__(width)
        numbers = POSED_JOINTS * 3
        self.bodyprior_enc_bn1 = nn.BatchNorm1d(numbers)
        self.bodyprior_enc_fc1 = nn.Linear(numbers, width)
        self.bodyprior_enc_bn2 = nn.BatchNorm1d(width)
        self.bodyprior_enc_fc2 = nn.Linear(width, width)
        self.bodyprior_enc_mu = nn.Linear(width, POSE_LATENT)
        self.bodyprior_enc_logvar = nn.Linear(width, POSE_LATENT)
        self.dropout = nn.Dropout(_DROPOUT)
        self.bodyprior_dec_fc1 = nn.Linear(POSE_LATENT, width)
        self.bodyprior_dec_fc2 = nn.Linear(width, width)
        self.bodyprior_dec_out = nn.Linear(width, POSED_JOINTS * 6)

    def normal_of(self, axis_angle: Float[Tensor, "poses 63"]) -> tuple[Float[Tensor, "poses 32"], ...]:
        """Mean and scale of the latent, from the rotation vectors of the 21 joints."""
        features = _activated(self.bodyprior_enc_fc1(self.bodyprior_enc_bn1(axis_angle)))
        features = self.dropout(self.bodyprior_enc_bn2(features))
        features = _activated(self.bodyprior_enc_fc2(features))
        return self.bodyprior_enc_mu(features), functional.softplus(self.bodyprior_enc_logvar(features))

    def six_of(self, latent: Float[Tensor, "*batch 32"]) -> Float[Tensor, "*batch 126"]:
        """The rotations of the 21 joints in the 6D representation."""
        features = self.dropout(_activated(self.bodyprior_dec_fc1(latent)))
        six: Tensor = self.bodyprior_dec_out(_activated(self.bodyprior_dec_fc2(features)))
        return six


def _activated(features: Tensor) -> Tensor:
    return functional.leaky_relu(features, _SLOPE)
