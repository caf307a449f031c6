"""Motion capture in AMASS layout as states of the motion prior: read, mirrored, given other shapes, labelled.

The files hold `poses` (frames × 156 axis-angle numbers, of which the body's 66 are used), `trans`, `betas` and
`mocap_framerate`; z is up and the floor is z = 0. Optional fields are `kind` (what is done) and `floor` ("flat" or
else). Velocities are central differences, so the first and last frame of a clip are lost.
"""

from __future__ import annotations

import hashlib
import logging
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel, pose_skeleton
from motionfit.body.skeleton import CONTACT_JOINTS, MIRROR
from motionfit.datasets.contacts import contact_labels
from motionfit.errors import InputError
from motionfit.geometry.differences import angular_velocity, velocity
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.priors.state import MotionState

log = logging.getLogger(__name__)

TRAINING_FPS = 30.0
FLAT = "flat"
UNKNOWN = "unknown"
_FEET = (7, 8, 10, 11)
_LEG = (1, 4, 7)
_MIRRORED_CONTACTS = [CONTACT_JOINTS.index(MIRROR[joint]) for joint in CONTACT_JOINTS]


@dataclass(frozen=True)
class Clip:
    """One recording at 30 frames per second.

    Attributes:
        name: Of the file.
        kind: What is done: "walk", "dance" …; "unknown" where the file does not say.
        floor: "flat", or what else it stands on.
        root: Place of the root joint, m.
        root_orientation: World from body.
        body_pose: Joint rotations.
        made_for: Rest joints of the body that the recording was made for, m.
        betas: Shape to pose it with.
        source: The data set it is from; "unknown" where nothing says so.
        subject: Who is recorded, told apart across data sets; "unknown" where nothing says so.
        contacts: 1 where a joint of `CONTACT_JOINTS` touches the floor, labelled at the rate of the capture; None
            where it was not labelled there.
    """

    name: str
    kind: str
    floor: str
    root: Float[Tensor, "frames 3"]
    root_orientation: Float[Tensor, "frames 3 3"]
    body_pose: Float[Tensor, "frames 21 3 3"]
    made_for: Float[Tensor, "22 3"]
    betas: Float[Tensor, "16"]
    source: str = UNKNOWN
    subject: str = UNKNOWN
    contacts: Float[Tensor, "frames 9"] | None = None

    @property
    def frames(self) -> int:
        """Number of frames."""
        return int(self.root.shape[0])


@dataclass(frozen=True)
class LabelledStates:
    """States of one clip in the world frame, with what they touch.

    Attributes:
        states: Without the first and last frame of the clip.
        contacts: 1 where a joint of `CONTACT_JOINTS` touches the floor.
        betas: Shape of the body.
        kind: What is done.
    """

    states: MotionState
    contacts: Float[Tensor, "frames 9"]
    betas: Float[Tensor, "16"]
    kind: str


def read_clips(folder: Path, body: BodyModel) -> list[Clip]:
    """All recordings below a folder, in the order of their names.

    Args:
        folder: Holds `*.npz` in AMASS layout. A file `skeleton_used.npz` in it or above gives the rest joints (first
            rows: SMPL's) of the body that the recordings were made for; else they are taken to fit `body`.
        body: The body to train with.

    Raises:
        InputError: There is nothing to read, or a file is not a recording at 30 frames per second.
    """
    paths = sorted(path for path in folder.rglob("*.npz") if path.name != "skeleton_used.npz")
    if not paths:
        raise InputError(f"There is no motion (*.npz) below {folder}.", "Name a folder in AMASS layout.")
    rest = _rest_joints_of(folder)
    clips = [_read_clip(path, body, rest) for path in paths]
    log.info("read %s clips with %s frames from %s", len(clips), sum(clip.frames for clip in clips), folder)
    return clips


def data_hash(folder: Path) -> str:
    """SHA-256 over names and content of the recordings below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.npz")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def mirrored(clip: Clip) -> Clip:
    """The clip as seen in a mirror: left and right change places."""
    flip = torch.tensor([-1.0, 1.0, 1.0])
    other = [joint - 1 for joint in MIRROR[1:]]
    both_sides = flip[:, None] * flip
    return replace(
        clip,
        name=clip.name + "_mirrored",
        root=clip.root * flip,
        root_orientation=clip.root_orientation * both_sides,
        body_pose=clip.body_pose[:, other] * both_sides,
        contacts=None if clip.contacts is None else clip.contacts[:, _MIRRORED_CONTACTS],
    )


def with_shape(clip: Clip, betas: Float[Tensor, "16"]) -> Clip:
    """The clip to be done by a body of another shape."""
    return replace(clip, betas=betas)


def pose_clip(clip: Clip, body: BodyModel) -> tuple[Float[Tensor, "frames 3"], Float[Tensor, "frames 22 3"]]:
    """Translation and joints of a clip on its shape: the path is scaled with the legs, and the feet seated again."""
    rest = body.rest_joints(clip.betas)
    scale = leg_length(rest) / leg_length(clip.made_for)
    path = clip.root * scale
    joints = pose_skeleton(rest, path - rest[0], clip.root_orientation, clip.body_pose).joints
    recorded = clip.made_for
    original = pose_skeleton(recorded, clip.root - recorded[0], clip.root_orientation, clip.body_pose).joints
    lift = (original[:, _FEET, 2].amin(-1) - joints[:, _FEET, 2].amin(-1)).median()
    shift = torch.tensor([0.0, 0.0, float(lift)])
    return path - rest[0] + shift, joints + shift


def leg_length(rest_joints: Float[Tensor, "22 3"]) -> float:
    """Thigh and shin, m."""
    hip, knee, ankle = (rest_joints[joint] for joint in _LEG)
    return float((knee - hip).norm() + (ankle - knee).norm())


def labelled_states(clip: Clip, body: BodyModel) -> LabelledStates:
    """States and contacts of a clip; it needs at least three frames."""
    translation, joints = pose_clip(clip, body)
    joint_velocities = velocity(joints, TRAINING_FPS, frame_axis=0)
    states = MotionState(
        translation,
        velocity(translation, TRAINING_FPS),
        clip.root_orientation,
        angular_velocity(clip.root_orientation, TRAINING_FPS),
        clip.body_pose,
        joints,
        joint_velocities,
    ).slice(1, clip.frames - 1)
    contacts = contact_labels(joints, joint_velocities) if clip.contacts is None else clip.contacts
    return LabelledStates(states, contacts[1:-1], clip.betas, clip.kind)


def random_shape(generator: torch.Generator, spread: float) -> Float[Tensor, "16"]:
    """Normal shape coefficients of standard deviation `spread`, cut at two deviations."""
    return (torch.randn(16, generator=generator) * spread).clamp(-2.0 * spread, 2.0 * spread)


def _rest_joints_of(folder: Path) -> np.ndarray | None:
    for place in (folder, *folder.parents[:2]):
        path = place / "skeleton_used.npz"
        if path.is_file():
            with np.load(path, allow_pickle=False) as content:
                return np.asarray(content[content.files[0]], np.float32)[:22]
    return None


def _read_clip(path: Path, body: BodyModel, rest: np.ndarray | None) -> Clip:
    try:
        with np.load(path, allow_pickle=False) as content:
            fields = {name: content[name] for name in content.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as a recording ({error}).", "Give files in AMASS layout.") from error
    missing = {"poses", "trans", "mocap_framerate"} - fields.keys()
    if missing:
        raise InputError(f"{path} lacks {', '.join(sorted(missing))}.", "Give files in AMASS layout.")
    fps = float(fields["mocap_framerate"])
    if abs(fps - TRAINING_FPS) > 0.1:
        raise InputError(f"{path} has {fps:g} frames per second.", f"Resample it to {TRAINING_FPS:g}.")
    poses = torch.from_numpy(fields["poses"][:, :66].astype(np.float32)).unflatten(-1, (22, 3))
    rotations = rotation_from_axis_angle(poses)
    betas = torch.zeros(16)
    made_for = body.rest_joints(betas) if rest is None else torch.from_numpy(rest)
    return Clip(
        name=path.stem,
        kind=str(fields.get("kind", UNKNOWN)),
        floor=str(fields.get("floor", FLAT)),
        root=torch.from_numpy(fields["trans"].astype(np.float32)) + made_for[0],
        root_orientation=rotations[:, 0],
        body_pose=rotations[:, 1:],
        made_for=made_for,
        betas=betas,
        source=str(fields.get("source", UNKNOWN)),
        subject=str(fields.get("subject", UNKNOWN)),
    )
