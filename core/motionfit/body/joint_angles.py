"""Joint angles of the body as biomechanists name them, in degrees; zero is standing straight with hanging arms.

Hips, knees, ankles, spine, neck and elbows are Cardan angles in the order flexion, abduction, rotation (Grood & Suntay
1983; ISB, Wu et al. 2002) of the child segment against its parent. Shoulders are plane of elevation, elevation and
rotation of the upper arm against the upper trunk (ISB, Wu et al. 2005): plane 0 is to the side (abduction), 90 ahead
(flexion). The axes are those of the SMPL bones (x to the body's left, y up, z ahead), which follow its own rest pose
and not bony landmarks: changes over time and differences of the sides compare with a laboratory's, offsets do not.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.skeleton import JOINT_NAMES
from motionfit.motion import Motion

_SINGULAR = 1e-6
_BODY_FROM_WORLD = ((-1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0))
"""A body that faces the world's +y: its left is −x, its up z."""


def joint_angles(motion: Motion) -> dict[str, Float[Tensor, " frames"]]:
    """Angles of every frame, degrees, continuous over time.

    Args:
        motion: In the world, z up.

    Returns:
        By name: pelvis_tilt (forwards), pelvis_list (left side up), pelvis_rotation (to the left, from facing +y);
        lumbar and neck: _flexion, _bending (to the left), _rotation (to the left); and for both sides, as `_left` and
        `_right`: hip_flexion, hip_abduction, hip_rotation (inwards), knee_flexion, ankle_dorsiflexion,
        ankle_inversion, shoulder_plane, shoulder_elevation, shoulder_rotation (inwards), elbow_flexion,
        forearm_pronation.
    """
    pose = {name: motion.body_pose[:, place - 1] for place, name in enumerate(JOINT_NAMES) if place}
    found = _pelvis(motion.root_orientation)
    found |= _trunk("lumbar", pose["spine1"] @ pose["spine2"] @ pose["spine3"])
    found |= _trunk("neck", pose["neck"] @ pose["head"])
    for side, sign in (("left", 1.0), ("right", -1.0)):
        found |= _leg(pose, side, sign)
        found |= _shoulder(pose[f"{side}_collar"] @ pose[f"{side}_shoulder"], side, sign)
        found |= _elbow(pose[f"{side}_elbow"], side, sign)
    return {name: _continuous_degrees(radians) for name, radians in found.items()}


def _pelvis(root: Tensor) -> dict[str, Tensor]:
    """Heading first, then list, then tilt: M = Ry·Rz·Rx in body axes, so that heading does not depend on the tilt."""
    turned = torch.tensor(_BODY_FROM_WORLD).to(root) @ root
    return {
        "pelvis_tilt": torch.atan2(-turned[:, 1, 2], turned[:, 1, 1]),
        "pelvis_list": torch.asin(turned[:, 1, 0].clamp(-1.0, 1.0)),
        "pelvis_rotation": torch.atan2(-turned[:, 2, 0], turned[:, 0, 0]),
    }


def _flexion_abduction_rotation(rotation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Angles of Rx·Rz·Ry: about the body's left, ahead and up."""
    bend = torch.atan2(rotation[:, 2, 1], rotation[:, 1, 1])
    aside = torch.asin((-rotation[:, 0, 1]).clamp(-1.0, 1.0))
    turn = torch.atan2(rotation[:, 0, 2], rotation[:, 0, 0])
    return bend, aside, turn


def _trunk(name: str, rotation: Tensor) -> dict[str, Tensor]:
    bend, aside, turn = _flexion_abduction_rotation(rotation)
    return {f"{name}_flexion": bend, f"{name}_bending": -aside, f"{name}_rotation": turn}


def _leg(pose: dict[str, Tensor], side: str, sign: float) -> dict[str, Tensor]:
    """`sign` is 1 on the left: a turn about the axis ahead spreads the left leg, and about the one up turns it out."""
    hip, knee, ankle = (_flexion_abduction_rotation(pose[f"{side}_{joint}"]) for joint in ("hip", "knee", "ankle"))
    return {
        f"hip_flexion_{side}": -hip[0],
        f"hip_abduction_{side}": sign * hip[1],
        f"hip_rotation_{side}": -sign * hip[2],
        f"knee_flexion_{side}": knee[0],
        f"ankle_dorsiflexion_{side}": -ankle[0],
        f"ankle_inversion_{side}": -sign * ankle[1],
    }


def _shoulder(rotation: Tensor, side: str, sign: float) -> dict[str, Tensor]:
    """Ry(plane)·Rx(−elevation)·Ry(twist) from the hanging arm; at rest the arm points to its side."""
    hanging = torch.tensor([[0.0, -sign, 0.0], [sign, 0.0, 0.0], [0.0, 0.0, 1.0]]).to(rotation)
    from_hanging = rotation @ hanging
    along = -from_hanging[..., 1]
    sine = torch.linalg.vector_norm(along[:, [0, 2]], dim=-1)
    elevation = torch.atan2(sine, -along[:, 1])
    is_singular = sine < _SINGULAR
    plane = torch.where(is_singular, torch.zeros_like(sine), torch.atan2(along[:, 0], along[:, 2]))
    twist = torch.where(
        is_singular,
        torch.atan2(from_hanging[:, 0, 2], from_hanging[:, 0, 0]),
        torch.atan2(-from_hanging[:, 1, 0], from_hanging[:, 1, 2]),
    )
    return {
        f"shoulder_plane_{side}": 0.5 * math.pi - sign * plane,
        f"shoulder_elevation_{side}": elevation,
        # With the turn into the plane: what is left of it when the arm hangs, where the two cannot be told apart.
        f"shoulder_rotation_{side}": torch.remainder(-sign * (plane + twist) + math.pi, 2.0 * math.pi) - math.pi,
    }


def _elbow(rotation: Tensor, side: str, sign: float) -> dict[str, Tensor]:
    """Ry·Rz·Rx: at rest the forearm points to its side, palm down, so it bends about the axis up."""
    return {
        f"elbow_flexion_{side}": -sign * torch.atan2(-rotation[:, 2, 0], rotation[:, 0, 0]),
        f"forearm_pronation_{side}": torch.atan2(-rotation[:, 1, 2], rotation[:, 1, 1]),
    }


def _continuous_degrees(radians: Tensor) -> Tensor:
    return torch.from_numpy(np.degrees(np.unwrap(radians.double().numpy()))).to(radians)
