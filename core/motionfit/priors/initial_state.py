"""How likely a motion is to start like this: a Gaussian mixture over joints and velocities.

HuMoR's initial-state prior: 12 full-covariance components over joints (66), joint velocities (66), linear
velocity (3) and angular velocity (3).
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

INITIAL_STATE_SIZE = 138
COMPONENTS = 12


class InitialStateMixture(nn.Module):
    """The mixture, held as log weights, means and inverse Cholesky factors of the covariances.

    Args:
        components: Number of Gaussians.
    """

    log_weights: Tensor
    means: Tensor
    whitening: Tensor

    def __init__(self, components: int = COMPONENTS) -> None:
        super().__init__()
        size = INITIAL_STATE_SIZE
        self.register_buffer("log_weights", torch.full((components,), -math.log(components)))
        self.register_buffer("means", torch.zeros(components, size))
        self.register_buffer("whitening", torch.eye(size).repeat(components, 1, 1))

    @classmethod
    def from_covariances(
        cls,
        weights: Float[Tensor, " components"],
        means: Float[Tensor, "components 138"],
        covariances: Float[Tensor, "components 138 138"],
    ) -> InitialStateMixture:
        """From what a mixture is usually given by; weights sum to one."""
        mixture = cls(weights.shape[0]).to(means.dtype)
        factors = torch.linalg.cholesky(covariances)
        identity = torch.eye(means.shape[-1], dtype=means.dtype, device=means.device).expand_as(factors)
        mixture.log_weights = weights.log()
        mixture.means = means
        mixture.whitening = torch.linalg.solve_triangular(factors, identity, upper=False)
        return mixture

    def log_likelihood(
        self,
        joints: Float[Tensor, "*batch 22 3"],
        joint_velocities: Float[Tensor, "*batch 22 3"],
        linear_velocity: Float[Tensor, "*batch 3"],
        angular_velocity: Float[Tensor, "*batch 3"],
    ) -> Float[Tensor, "*batch"]:
        """Log density (nats) of an initial state in its local frame."""
        vector = torch.cat([joints.flatten(-2), joint_velocities.flatten(-2), linear_velocity, angular_velocity], -1)
        white = torch.einsum("kij,...kj->...ki", self.whitening, vector.unsqueeze(-2) - self.means)
        log_determinant = self.whitening.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        constant = 0.5 * INITIAL_STATE_SIZE * math.log(2.0 * math.pi)
        densities = log_determinant - constant - 0.5 * (white * white).sum(-1)
        return torch.logsumexp(self.log_weights + densities, -1)
