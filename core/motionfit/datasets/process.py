"""From a recording to a clip of a dataset: cut, seated on the floor, labelled at the rate of the capture, resampled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel, pose_skeleton
from motionfit.body.skeleton import BODY_JOINTS, CONTACT_JOINTS
from motionfit.datasets.clips import FLAT
from motionfit.datasets.contacts import contact_labels
from motionfit.datasets.floor import FloorFinding, find_floor, sole_depth
from motionfit.datasets.recordings import Recording, Unusable, poses_of
from motionfit.datasets.settings import DATASET_FPS, PrepareSettings
from motionfit.datasets.store import Arrays
from motionfit.geometry.differences import velocity
from motionfit.geometry.rotations import geodesic_angle
from motionfit.motion import Motion
from motionfit.retarget.resample import resample

OBJECTS = "objects"
"""Floor of a recording that steps on things, where such are kept."""

_LEAST_FRAMES = 3
_FLIP_SPEED = 50.0
"""rad/s. The fastest of a body (the upper arm of a pitcher about its own axis aside) stays below 40."""

_MOVED_FLOOR = 0.10


@dataclass(frozen=True)
class ClipFacts:
    """What is known of a clip beside its numbers and its place; the names are those of `ClipRecord`.

    Attributes:
        kind: What is done.
        label: The file's own words.
        licence: As the file says.
        source: The data set that the file names; may be empty.
        subject: The subject that the file names; may be empty.
        floor: "flat", or what else it stands on.
        floor_origin: How the floor is known.
        floor_height: Where it was in the file, m.
        flips: Frames in which a joint turns impossibly fast.
        frames: At the frame rate of the dataset.
        source_fps: Of the file.
        source_frames: Of the file.
        uses_betas: Whether the shape of the file counts.
        motion_sha256: Of poses, translations and frame rate of the file.
        warning: A sentence for the user; may be empty.
    """

    kind: str
    label: str
    licence: str
    source: str
    subject: str
    floor: str
    floor_origin: str
    floor_height: float
    flips: int
    frames: int
    source_fps: float
    source_frames: int
    uses_betas: bool
    motion_sha256: str
    warning: str


class Processed(NamedTuple):
    """A clip as it goes into a dataset: arrays of `store.SHAPES`, betas and rest joints without the axis of clips."""

    facts: ClipFacts
    arrays: Arrays


def process(
    recording: Recording,
    body: BodyModel,
    made_for: Float[Tensor, "22 3"] | None,
    settings: PrepareSettings,
) -> Processed | Unusable:
    """Make a clip of a recording, or say why not.

    Velocities for floor and contacts are central differences between recorded frames; recordings are never joined,
    so that no gap is bridged.

    Args:
        recording: At the rate of the capture.
        body: Floors and contacts are found with it.
        made_for: Rest joints of the body that the recording was made for, where a file beside it tells them.
        settings: What to drop, and how floors and contacts are found.
    """
    whole = recording.motion
    cut = int(settings.trim * whole.frames)
    motion, poses = whole.slice(cut, whole.frames - cut), recording.poses[cut : whole.frames - cut]
    unusable = _too_short_or_slow(motion, settings)
    if unusable is not None:
        return unusable
    uses_betas = bool(settings.body) and recording.has_shape and made_for is None
    betas = motion.betas if uses_betas else torch.zeros_like(motion.betas)
    rest = body.rest_joints(betas) if made_for is None else made_for
    joints = pose_skeleton(rest, motion.translation, motion.root_orientation, motion.body_pose).joints
    flips = count_flips(motion)
    if flips > settings.most_flips * motion.frames:
        return Unusable("flips", f"in {flips} of {motion.frames} frames a joint turns faster than a body can")
    finding = _floor_of(joints, motion.fps, body, settings)
    if finding.steps_on_objects and not recording.floor and not settings.keep_objects:
        return Unusable("steps on objects", "toes and pelvis stand for long at a higher place than the floor")
    height = 0.0 if recording.floor else finding.height
    up = torch.tensor([0.0, 0.0, height])
    seated = replace(motion, translation=motion.translation - up, betas=betas)
    labels = contact_labels(joints - up, velocity(joints, motion.fps, frame_axis=0), settings.contacts)
    arrays = _resampled(seated, poses, labels)
    arrays["betas"], arrays["rest_joints"] = np.asarray(betas), np.asarray(rest)
    facts = ClipFacts(
        kind=recording.kind,
        label=recording.label,
        licence=recording.licence,
        source=recording.source,
        subject=recording.subject,
        floor=recording.floor or (OBJECTS if finding.steps_on_objects else FLAT),
        floor_origin="file" if recording.floor else finding.origin,
        floor_height=height,
        flips=flips,
        frames=arrays["trans"].shape[0],
        source_fps=whole.fps,
        source_frames=whole.frames,
        uses_betas=uses_betas,
        motion_sha256=motion_hash(recording),
        warning=recording.warning or _floor_warning(recording.floor, finding),
    )
    return Processed(facts, arrays)


def _too_short_or_slow(motion: Motion, settings: PrepareSettings) -> Unusable | None:
    if motion.fps < settings.least_fps:
        return Unusable("frame rate", f"its frame rate is {motion.fps:g} Hz, below {settings.least_fps:g} Hz")
    seconds = motion.frames / motion.fps
    frames = int((motion.frames - 1) * DATASET_FPS / motion.fps + 1e-6) + 1
    if motion.frames < _LEAST_FRAMES or frames < _LEAST_FRAMES:
        number = "one frame" if motion.frames == 1 else f"{motion.frames} frames"
        return Unusable("too short", f"it has {number}, and velocities need {_LEAST_FRAMES} at {DATASET_FPS:g} Hz")
    if seconds < settings.shortest - 1e-6:
        return Unusable(
            "too short", f"it lasts {seconds:.2f} s, and the shortest that counts is {settings.shortest:g} s"
        )
    return None


def count_flips(motion: Motion) -> int:
    """Frames in which a joint (not the root) turns faster than `_FLIP_SPEED` from the frame before."""
    angles = geodesic_angle(motion.body_pose[1:], motion.body_pose[:-1])
    return int((angles.amax(-1) * motion.fps > _FLIP_SPEED).sum())


def _floor_of(joints: Tensor, fps: float, body: BodyModel, settings: PrepareSettings) -> FloorFinding:
    rule = settings.floor
    toe_height = sole_depth(body) if rule.toe_height < 0 else rule.toe_height
    return find_floor(joints, fps, rule, toe_height)


def _floor_warning(declared: str, finding: FloorFinding) -> str:
    if declared != FLAT or finding.origin != "found" or abs(finding.height) < _MOVED_FLOOR:
        return ""
    return f"the file says that its floor is flat at z = 0, and toes stand at {finding.height:.2f} m"


def _resampled(motion: Motion, poses: np.ndarray, labels: Float[Tensor, "frames 9"]) -> Arrays:
    """At the rate of the dataset; poses are those of the file where frames are picked."""
    contacts = torch.zeros(motion.frames, BODY_JOINTS)
    contacts[:, list(CONTACT_JOINTS)] = labels
    at_rate = resample(replace(motion, contacts=contacts), DATASET_FPS)
    assert at_rate.contacts is not None
    ratio = motion.fps / DATASET_FPS
    is_picked = abs(ratio - round(ratio)) < 1e-6 and round(ratio) >= 1
    return {
        "poses": np.ascontiguousarray(poses[:: round(ratio)]) if is_picked else poses_of(at_rate),
        "trans": np.asarray(at_rate.translation),
        "contacts": np.asarray(at_rate.contacts[:, list(CONTACT_JOINTS)] >= 0.5).astype(np.uint8),
    }


def motion_hash(recording: Recording) -> str:
    """SHA-256 of the recorded numbers, whatever else a file says: a copy with other fields has the same."""
    digest = hashlib.sha256(f"{recording.motion.fps:.6f}".encode())
    digest.update(np.ascontiguousarray(recording.poses, np.float32).tobytes())
    digest.update(np.ascontiguousarray(recording.motion.translation, np.float32).tobytes())
    return digest.hexdigest()
