"""The motion prior: HuMoR's conditional variational autoencoder of one step (Rempe et al., ICCV 2021).

Layers and names are those of the official `HumorModel`, so its published weights fit. Past and next are in
the local frame of the past (see `priors.state`).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from motionfit.body.skeleton import BODY_JOINTS, CONTACT_JOINTS
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.priors.state import STATE_SIZE

MOTION_LATENT = 48
CONTACTS = len(CONTACT_JOINTS)
RAW_SIZE = 216
_GROUPS = 16


@dataclass(frozen=True)
class MotionPriorWidths:
    """Units of the hidden layers, multiples of 16 (the norm's groups) from 32; defaults are the official model's."""

    encoder: tuple[int, ...] = (1024, 1024, 1024, 1024)
    prior: tuple[int, ...] = (1024, 1024, 1024, 1024)
    decoder: tuple[int, ...] = (1024, 1024, 512)

    def __post_init__(self) -> None:
        for width in (*self.encoder, *self.prior, *self.decoder):
            if width < 2 * _GROUPS or width % _GROUPS:
                raise ValueError(
                    f"a hidden layer of {width} units: it must be a multiple of {_GROUPS} from {2 * _GROUPS}"
                )


class _Perceptron(nn.Module):
    """Linear, then (GroupNorm, ReLU, Linear) per hidden layer; `skip` is appended to each hidden output."""

    def __init__(self, widths: tuple[int, ...], skip: int = 0) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Linear(widths[0], widths[1])]
        for width, following in itertools.pairwise(widths[1:]):
            layers += [nn.GroupNorm(_GROUPS, width), nn.ReLU(), nn.Linear(width + skip, following)]
        self.net = nn.ModuleList(layers)

    def forward(self, features: Tensor, skip: Tensor | None = None) -> Tensor:
        features = self.net[0](features)
        for norm, linear in zip(self.net[1::3], self.net[3::3], strict=True):
            features = functional.relu(norm(features))
            features = linear(features if skip is None else torch.cat([features, skip], -1))
        return features


@dataclass(frozen=True)
class Step:
    """A state as the decoder changes it: all vectors, all rotations (the rows that a change of frame turns).

    Attributes:
        vectors: Translation, linear velocity, angular velocity, 22 joints, 22 joint velocities.
        rotations: Root orientation, then the 21 body joints.
    """

    vectors: Float[Tensor, "*batch 47 3"]
    rotations: Float[Tensor, "*batch 22 3 3"]

    @classmethod
    def unpack(cls, vector: Float[Tensor, "*batch 339"]) -> Step:
        """From the state vector."""
        head, root, angular, pose, tail = vector.split((6, 9, 3, 189, 132), -1)
        vectors = torch.cat([head, angular, tail], -1).unflatten(-1, (47, 3))
        return cls(vectors, torch.cat([root, pose], -1).unflatten(-1, (BODY_JOINTS, 3, 3)))

    def pack(self) -> Float[Tensor, "*batch 339"]:
        """The state vector."""
        vectors, rotations = self.vectors.flatten(-2), self.rotations.flatten(-3)
        head, angular, tail = vectors.split((6, 3, 132), -1)
        return torch.cat([head, rotations[..., :9], angular, rotations[..., 9:], tail], -1)


class MotionPrior(nn.Module):
    """p(z | past), q(z | past, next) and the decoder of the next state and its contacts."""

    def __init__(self, widths: MotionPriorWidths | None = None) -> None:
        super().__init__()
        self.widths = MotionPriorWidths() if widths is None else widths
        both = 2 * MOTION_LATENT
        self.encoder = _Perceptron((2 * STATE_SIZE, *self.widths.encoder, both))
        self.decoder = _Perceptron((STATE_SIZE + MOTION_LATENT, *self.widths.decoder, RAW_SIZE), MOTION_LATENT)
        self.prior_net = _Perceptron((STATE_SIZE, *self.widths.prior, both))

    def prior(self, past: Float[Tensor, "*batch 339"]) -> tuple[Float[Tensor, "*batch 48"], Float[Tensor, "*batch 48"]]:
        """Mean and variance of the latent, given the past."""
        return _normal(_flat(self.prior_net, past))

    def posterior(
        self, past: Float[Tensor, "*batch 339"], current: Float[Tensor, "*batch 339"]
    ) -> tuple[Float[Tensor, "*batch 48"], Float[Tensor, "*batch 48"]]:
        """Mean and variance of the latent, given the past and what came of it."""
        return _normal(_flat(self.encoder, torch.cat([past, current], -1)))

    def decode(
        self, past: Float[Tensor, "*batch 339"], latent: Float[Tensor, "*batch 48"]
    ) -> tuple[Float[Tensor, "*batch 339"], Float[Tensor, "*batch 9"]]:
        """The next state in the local frame of the past, and contact logits."""
        batch = past.shape[:-1]
        past, latent = past.reshape(-1, STATE_SIZE), latent.reshape(-1, MOTION_LATENT)
        step, logits = self.advance(Step.unpack(past), latent)
        return step.pack().reshape(*batch, STATE_SIZE), logits.reshape(*batch, CONTACTS)

    def advance(self, past: Step, latent: Float[Tensor, "batch 48"]) -> tuple[Step, Float[Tensor, "batch 9"]]:
        """`decode` on unpacked states: residuals are added to vectors and turn rotations from the left."""
        raw = self.decoder(torch.cat([past.pack(), latent], -1), latent)
        head, root, angular, pose, tail, logits = raw.split((6, 3, 3, 63, 132, CONTACTS), -1)
        change = torch.cat([head, angular, tail], -1).unflatten(-1, (47, 3))
        turn = rotation_from_axis_angle(torch.cat([root, pose], -1).unflatten(-1, (BODY_JOINTS, 3)))
        return Step(past.vectors + change, turn @ past.rotations), logits


def _flat(network: _Perceptron, features: Tensor) -> Tensor:
    out: Tensor = network(features.reshape(-1, features.shape[-1]))
    return out.reshape(*features.shape[:-1], out.shape[-1])


def _normal(both: Tensor) -> tuple[Tensor, Tensor]:
    mean, log_variance = both.chunk(2, -1)
    return mean, log_variance.exp()
