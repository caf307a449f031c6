"""Gaussian smoothing in time: of rotations as rotations, of the root's path as a path."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from motionfit.geometry.rotations import quaternion_from_rotation, rotation_from_quaternion
from motionfit.motion import Motion

BODY_SECONDS = 0.008
NOISY_SECONDS = 0.025
"""Standard deviations: of everything, and of wrists and toes, whose markers are few and close to each other."""

_NOISY_JOINTS = (10, 11, 20, 21)


def smooth(motion: Motion) -> Motion:
    """Smooth every joint and the path of the root."""
    rotations = torch.cat([motion.root_orientation[:, None], motion.body_pose], 1)
    noisy = list(_NOISY_JOINTS)
    smoothed = smooth_rotations(rotations, BODY_SECONDS * motion.fps)
    smoothed[:, noisy] = smooth_rotations(rotations[:, noisy], NOISY_SECONDS * motion.fps)
    path = gaussian_filter1d(motion.translation.numpy(), BODY_SECONDS * motion.fps, axis=0, mode="nearest")
    return replace(
        motion,
        translation=torch.from_numpy(path),
        root_orientation=smoothed[:, 0],
        body_pose=smoothed[:, 1:],
    )


def smooth_rotations(
    rotations: Float[Tensor, "frames joints 3 3"], deviation: float
) -> Float[Tensor, "frames joints 3 3"]:
    """Weighted mean of each rotation with its neighbours in time.

    The mean is that of unit quaternions of one hemisphere, normalised: the rotation nearest to all in the chordal
    sense (Markley et al. 2007), which for rotations close to each other is the mean along geodesics.

    Args:
        rotations: In time.
        deviation: Of the Gaussian, frames.
    """
    quaternions = continuous_quaternions(rotations)
    mean = gaussian_filter1d(quaternions.numpy(), deviation, axis=0, mode="nearest")
    return rotation_from_quaternion(torch.from_numpy(mean))


def continuous_quaternions(rotations: Float[Tensor, "frames *joints 3 3"]) -> Float[Tensor, "frames *joints 4"]:
    """Quaternions of which each lies on the side of the one before."""
    quaternions = quaternion_from_rotation(rotations)
    agree = (quaternions[1:] * quaternions[:-1]).sum(-1, keepdim=True)
    signs = torch.where(agree < 0, -torch.ones_like(agree), torch.ones_like(agree)).cumprod(0)
    return torch.cat([quaternions[:1], quaternions[1:] * signs])


__all__ = ["BODY_SECONDS", "NOISY_SECONDS", "continuous_quaternions", "smooth", "smooth_rotations"]
