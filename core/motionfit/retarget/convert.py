"""From recordings as they were captured to motion that can be learned from: steps 5 to 7 of the conversion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.motion import Motion
from motionfit.retarget.alignment import retarget
from motionfit.retarget.bones import pose_bones
from motionfit.retarget.calibrate import Attitude, correct_attitude, correction_degrees, measure_attitude
from motionfit.retarget.clean import Cleaned, CleanPart, Dropped, clean
from motionfit.retarget.collars import has_rigid_collars, move_collars
from motionfit.retarget.euler import rotation_about
from motionfit.retarget.feet import plant_feet
from motionfit.retarget.floor import FLAT, UNEVEN, Ground, find_ground, seat
from motionfit.retarget.quality import Quality, measure_quality
from motionfit.retarget.resample import resample
from motionfit.retarget.rig import RigMotion

CONVERTED_FPS = 30.0
"""The rate that the priors know."""


@dataclass(frozen=True)
class Recording:
    """A motion at the rate of its file, z up, before anything is repaired.

    Attributes:
        name: Of the file, for messages.
        motion: On the SMPL body.
        places: Joints of the source, z up, in any size; what the quality is measured against.
        of_rig: True where a skeleton was retargeted: it has no zero attitude and no contact with the floor yet.
            False where a body was solved for (AMASS).
        notes: Sentences for the user about how it was read.
    """

    name: str
    motion: Motion
    places: Float[Tensor, "frames 22 3"]
    of_rig: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConvertedPart:
    """Motion at 30 fps.

    Attributes:
        motion: float32, seated on z = 0.
        first: Its first frame in the recording.
        quality: Its figures.
    """

    motion: Motion
    first: int
    quality: Quality


@dataclass(frozen=True)
class Conversion:
    """What became of a recording.

    Attributes:
        name: Of the recording.
        parts: What lies between real cuts, in order.
        floor: "flat", "uneven" or "equipment".
        dropped: Frames that are in no part.
        repaired: Numbers of repaired frames by what was repaired.
        corrections: Degrees by which the zero of pelvis and head was corrected; empty where it was not measured.
        notes: Sentences for the user.
    """

    name: str
    parts: tuple[ConvertedPart, ...]
    floor: str
    dropped: tuple[Dropped, ...]
    repaired: dict[str, int]
    corrections: dict[str, float]
    notes: tuple[str, ...]

    @property
    def longest(self) -> ConvertedPart:
        """The part with the most frames."""
        return max(self.parts, key=lambda part: part.motion.frames)


def rig_recording(rig: RigMotion, body: BodyModel) -> Recording:
    """A captured skeleton as a recording on the SMPL body."""
    z_up = rotation_about("x", torch.tensor(math.pi / 2, dtype=torch.float64))
    places = rig.positions[:, list(rig.joint_map.joints)] @ z_up.transpose(-1, -2)
    return Recording(rig.source, retarget(rig, body), places, of_rig=True, notes=rig.warnings)


def body_recording(name: str, motion: Motion, body: BodyModel) -> Recording:
    """The motion of a body, of the AMASS collection for example, as a recording."""
    return Recording(name, motion, pose_bones(motion, body).joints, of_rig=False)


def convert(recordings: Sequence[Recording], body: BodyModel) -> list[Conversion]:
    """Clean, calibrate, seat and resample the recordings of one subject.

    Args:
        recordings: All there are: the zero attitude of pelvis and head is measured over all of them.
        body: That they are on.

    Returns:
        One conversion per recording, in their order; one of nothing but glitches has no parts.
    """
    exact = body.to(dtype=torch.float64)
    cleaned = [clean(recording.motion.to(dtype=torch.float64), exact) for recording in recordings]
    rigs = [part.motion for recording, each in zip(recordings, cleaned, strict=True) if recording.of_rig
            for part in each.parts]  # fmt: skip
    attitude = measure_attitude(rigs, exact) if rigs else None
    return [_convert_one(recording, each, attitude, exact) for recording, each in zip(recordings, cleaned, strict=True)]


def convert_raw(recording: Recording, body: BodyModel) -> Conversion:
    """The recording at 30 fps and nothing else."""
    exact = body.to(dtype=torch.float64)
    motion = recording.motion.to(dtype=torch.float64)
    ground = find_ground([motion], exact)
    part = _finished(recording, CleanPart(0, motion, 0, 0), resample(motion, CONVERTED_FPS), exact)
    return Conversion(recording.name, (part,), ground.kind, (), {}, {}, recording.notes)


def _convert_one(recording: Recording, cleaned: Cleaned, attitude: Attitude | None, body: BodyModel) -> Conversion:
    motions = [part.motion for part in cleaned.parts]
    notes = list(recording.notes)
    if recording.of_rig:
        motions = [_calibrated(motion, attitude, body) for motion in motions]
        if attitude is None:
            notes.append(
                "The zero attitude of pelvis and head was not calibrated: the subject never stands upright "
                "for a second in all."
            )
    ground = find_ground(motions, body) if motions else Ground(0.0, FLAT)
    parts = []
    for part, motion in zip(cleaned.parts, motions, strict=True):
        seated = resample(seat(motion, ground.height), CONVERTED_FPS)
        parts.append(_finished(recording, part, _planted(seated, ground, body) if recording.of_rig else seated, body))
    notes += _cut_note(cleaned)
    return Conversion(
        recording.name,
        tuple(parts),
        ground.kind,
        cleaned.dropped,
        _repaired(cleaned),
        _corrections(attitude),
        tuple(notes),
    )


def _planted(motion: Motion, ground: Ground, body: BodyModel) -> Motion:
    """Feet on a flat floor are planted; equipment stands on a floor that nobody sinks into; uneven ground is left."""
    if ground.kind == UNEVEN:
        return motion
    return plant_feet(motion, body, pulls=ground.kind == FLAT)


def _calibrated(motion: Motion, attitude: Attitude | None, body: BodyModel) -> Motion:
    upright = motion if attitude is None else correct_attitude(motion, body, attitude)
    return move_collars(upright, body) if has_rigid_collars(upright) else upright


def _finished(recording: Recording, part: CleanPart, motion: Motion, body: BodyModel) -> ConvertedPart:
    """The part with its figures, measured against the source at the same times."""
    times = part.first + torch.arange(motion.frames, dtype=torch.float64) * (recording.motion.fps / motion.fps)
    before = times.floor().long().clamp(max=recording.places.shape[0] - 1)
    after = (before + 1).clamp(max=recording.places.shape[0] - 1)
    places = recording.places.to(torch.float64)
    source = torch.lerp(places[before], places[after], (times - before)[:, None, None])
    return ConvertedPart(motion.to(dtype=torch.float32), part.first, measure_quality(motion, body, source))


def _cut_note(cleaned: Cleaned) -> list[str]:
    if len(cleaned.parts) < 2:
        return []
    cuts = ", ".join(str(part.first) for part in cleaned.parts[1:])
    return [f"The recording is cut where the root jumps (frame {cuts}): it has {len(cleaned.parts)} parts."]


def _repaired(cleaned: Cleaned) -> dict[str, int]:
    return {
        "root_frames": cleaned.root_frames,
        "thigh_frames": sum(part.thigh_frames for part in cleaned.parts),
        "joint_frames": sum(part.joint_frames for part in cleaned.parts),
    }


def _corrections(attitude: Attitude | None) -> dict[str, float]:
    if attitude is None:
        return {}
    return {
        "pelvis_degrees": round(correction_degrees(attitude.pelvis), 2),
        "head_degrees": round(correction_degrees(attitude.head), 2),
        "upright_seconds": round(attitude.seconds, 2),
    }
