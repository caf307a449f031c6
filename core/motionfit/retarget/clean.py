"""What a recording has that no person did, taken out at its own frame rate: step 5 of the conversion."""

from __future__ import annotations

from dataclasses import dataclass

from motionfit.body.model import BodyModel
from motionfit.motion import Motion
from motionfit.retarget.joint_spikes import repair_joints
from motionfit.retarget.root_spikes import Stretch, repair_root
from motionfit.retarget.smooth import smooth
from motionfit.retarget.t_pose import leading_t_pose
from motionfit.retarget.thigh_twist import rebuild_thigh_twist

SHORTEST_PART = 0.25
"""What is shorter between two cuts (s) is dropped."""


@dataclass(frozen=True)
class Dropped:
    """Frames of the recording that are not in the result.

    Attributes:
        reason: For people.
        first: Frame of the recording.
        frames: How many.
    """

    reason: str
    first: int
    frames: int

    def to_json(self) -> dict[str, str | int]:
        """For reports."""
        return {"reason": self.reason, "first": self.first, "frames": self.frames}


@dataclass(frozen=True)
class CleanPart:
    """A stretch of a recording without cuts, cleaned, at the recording's frame rate.

    Attributes:
        first: Its first frame in the recording.
        motion: The frames.
        thigh_frames: Rebuilt thighs, frames summed over both.
        joint_frames: Bridged spikes, frames summed over the joints.
    """

    first: int
    motion: Motion
    thigh_frames: int
    joint_frames: int


@dataclass(frozen=True)
class Cleaned:
    """A cleaned recording.

    Attributes:
        parts: What lies between real cuts, in order; most recordings are one part.
        dropped: Frames in none of them.
        root_frames: Bridged frames of the root.
    """

    parts: tuple[CleanPart, ...]
    dropped: tuple[Dropped, ...]
    root_frames: int


def clean(motion: Motion, body: BodyModel) -> Cleaned:
    """Clean a recording: T-pose, root, thighs, joints, noise.

    Args:
        motion: As retargeted, at the frame rate of its file.
        body: That it was retargeted to.

    Returns:
        Its parts; at least one, unless all of it are glitches.
    """
    begin = leading_t_pose(motion, body)
    dropped = [Dropped("T-pose before the motion", 0, begin)] if begin else []
    root = repair_root(motion.slice(begin, motion.frames))
    kept = [stretch for stretch in root.stretches if _is_long(stretch, motion) or len(root.stretches) == 1]
    dropped += _dropped(root.stretches, begin, motion)
    parts = tuple(_clean_part(root.motion, stretch, begin, body) for stretch in kept)
    return Cleaned(parts, tuple(dropped), root.bridged)


def _is_long(stretch: Stretch, motion: Motion) -> bool:
    return stretch.frames >= SHORTEST_PART * motion.fps


def _dropped(stretches: tuple[Stretch, ...], begin: int, motion: Motion) -> list[Dropped]:
    """The glitches between the stretches, and the stretches that are too short."""
    found = []
    for stretch, after in zip(stretches, (*stretches[1:], None), strict=True):
        if not _is_long(stretch, motion) and len(stretches) > 1:
            found.append(
                Dropped(f"shorter than {SHORTEST_PART:g} s between cuts", begin + stretch.start, stretch.frames)
            )
        if after is not None and after.start > stretch.stop:
            glitch = after.start - stretch.stop
            found.append(Dropped("glitch of the root too long to bridge", begin + stretch.stop, glitch))
    return found


def _clean_part(motion: Motion, stretch: Stretch, begin: int, body: BodyModel) -> CleanPart:
    part = motion.slice(stretch.start, stretch.stop)
    part, thighs = rebuild_thigh_twist(part, body)
    part, joints = repair_joints(part)
    return CleanPart(begin + stretch.start, smooth(part), thighs, joints)
