"""A motion on the frames of a clip, as one on the grid of the state."""

from __future__ import annotations

from dataclasses import replace

import torch

from motionfit.geometry.rotations import interpolate_rotations
from motionfit.motion import Motion
from motionfit.pipeline.timeline import Timeline


def grid_motion(motion: Motion, line: Timeline) -> Motion:
    """The motion between its frames, at the frames of the grid; the same motion where they are the grid.

    Args:
        motion: On the frames of the clip.
        line: Of the clip.
    """
    if line.is_grid:
        return motion
    places, grid = line.frame + line.share, torch.arange(line.frames, dtype=line.share.dtype)
    after = torch.searchsorted(places, grid).clamp(1, places.shape[0] - 1)
    before = after - 1
    share = ((grid - places[before]) / (places[after] - places[before])).clamp(0.0, 1.0).to(motion.translation)
    root, pose = motion.root_orientation, motion.body_pose
    contacts = motion.contacts
    return replace(
        motion,
        fps=line.fps,
        translation=torch.lerp(motion.translation[before], motion.translation[after], share[:, None]),
        root_orientation=interpolate_rotations(root[before], root[after], share),
        body_pose=interpolate_rotations(pose[before], pose[after], share[:, None].expand(-1, pose.shape[1])),
        contacts=None if contacts is None else torch.lerp(contacts[before], contacts[after], share[:, None]),
    )
