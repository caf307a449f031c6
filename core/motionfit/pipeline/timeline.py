"""Where the frames of a clip lie on the grid of the fit's state.

The motion prior steps at 30 frames per second, so the state of a fit lives on such a grid over the clip; observations
keep their true times. A clip of this rate (within 0.2 %, which covers 29.97) and evenly spaced stamps is its own grid:
one state per frame, no interpolation.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from motionfit.errors import InputError, SettingsError
from motionfit.geometry.curves import curve_of_rotations, curve_of_vectors
from motionfit.motion import Motion, Observations
from motionfit.pipeline.windows import Windows

GRID_FPS = 30.0
"""Frames per second of the motion prior."""

SUITED_RATES = (10.0, 240.0)
"""Frames per second that fits are made for."""

LONGEST_GAP = 5.0
"""Seconds without a frame (not: without a detection) that are taken as one clip."""

_LEAST_FRAMES = 3
_SAME_RATE = 2e-3
_EVEN = 1e-3
_ON_FRAME = 1e-4
_BEYOND = 0.25


@dataclass(frozen=True)
class Timeline:
    """The grid of a clip and the place of each of its frames on it.

    Attributes:
        fps: Of the grid.
        frames: Of the grid.
        observed_fps: Of the clip, on average.
        frame: The grid frame at or before each frame of the clip.
        share: How far it lies towards the next grid frame, in grid steps: below 1, but for what lies shortly after the
            end of the grid.
        slot: Its number among the frames of the clip with the same grid frame.
    """

    fps: float
    frames: int
    observed_fps: float
    frame: Int[Tensor, " observed"]
    share: Float[Tensor, " observed"]
    slot: Int[Tensor, " observed"]

    @property
    def slots(self) -> int:
        """The most frames of the clip that one grid frame has."""
        return int(self.slot.max()) + 1

    @property
    def frames_per_observed(self) -> float:
        """Grid frames per frame of the clip: so much must a frame of the clip count that the prior weighs the same."""
        return self.fps / self.observed_fps

    @property
    def is_grid(self) -> bool:
        """True where the frames of the clip are the grid."""
        return self.frames == self.frame.shape[0] and not bool(self.share.any())

    def observed_motion(self, motion: Motion) -> Motion:
        """A motion on the grid as one on the frames of the clip: smooth between grid frames, exact on them."""
        if self.is_grid:
            return motion
        share = self.share.to(motion.translation)
        return Motion(
            fps=self.observed_fps,
            translation=curve_of_vectors(motion.translation, self.frame, share),
            root_orientation=curve_of_rotations(motion.root_orientation, self.frame, share),
            body_pose=curve_of_rotations(motion.body_pose, self.frame, share),
            betas=motion.betas,
            gender=motion.gender,
            contacts=None if motion.contacts is None else self.observed_values(motion.contacts),
        )

    def observed_values(self, values: Float[Tensor, " frames *features"]) -> Float[Tensor, " observed *features"]:
        """Numbers per grid frame as numbers per frame of the clip, linear in between; NaN is no neighbour."""
        if self.is_grid:
            return values
        following = (self.frame + 1).clamp(max=self.frames - 1)
        share = self.share.clamp(max=1.0).to(values).reshape(-1, *[1] * (values.ndim - 1))
        after = torch.where(torch.isnan(values[following]), values[self.frame], values[following])
        between = torch.lerp(values[self.frame], after, share)
        return torch.where(share == 0, values[self.frame], between)

    def observed_frame(self, frame: int) -> int:
        """The frame of the clip that is nearest to a frame of the grid."""
        return int((self.frame + self.share - frame).abs().argmin())

    def grid_span(self, start: int, stop: int) -> tuple[int, int]:
        """The frames of the grid that some frames of the clip are made of; what is held there holds them.

        Raises:
            SettingsError: The clip does not have these frames.
        """
        count = self.frame.shape[0]
        if stop > count:
            raise SettingsError(f"Frames {start}:{stop} lie beyond the clip.", f"The clip has {count} frames.")
        if self.is_grid:
            return start, stop
        frame, between = self.frame[start:stop], (self.share[start:stop] > 0).long()
        last = int((frame + 2 * between).max())
        return max(int((frame - between).min()), 0), min(last, self.frames - 1) + 1

    def observed_windows(self, windows: Windows) -> Windows:
        """Start and stop among the frames of the clip, from those on the grid."""
        places = self.frame + self.share
        counted = [
            (int((places < start).sum()), int((places <= stop - 1 + _BEYOND * (stop == self.frames)).sum()))
            for start, stop in windows
        ]
        return tuple(counted)


def timeline_of(observations: Observations) -> Timeline:
    """The grid of a clip.

    Raises:
        InputError: The time stamps make no sense, or the clip is too short for three frames of the grid.
    """
    if observations.times is None:
        times = torch.arange(observations.frames, dtype=torch.float64) / observations.fps
    else:
        times = observations.times.double().cpu()
    check_times(times, observations.frames)
    steps = max(observations.frames - 1, 1)
    fps = steps / float(times[-1] - times[0]) if observations.frames > 1 else observations.fps
    fps = observations.fps if observations.times is None else fps
    even = times[0] + torch.arange(observations.frames, dtype=torch.float64) / fps
    nothing = torch.zeros(observations.frames, dtype=torch.int64)
    if abs(fps / GRID_FPS - 1.0) <= _SAME_RATE and bool(((times - even).abs() < _EVEN).all()):
        return Timeline(fps, observations.frames, fps, torch.arange(observations.frames), nothing.double(), nothing)
    places = (times - times[0]) * GRID_FPS
    frames = int(torch.ceil(places[-1] - _BEYOND)) + 1
    if frames < _LEAST_FRAMES:
        raise InputError(
            f"The clip lasts {float(times[-1] - times[0]):.3f} s, which is less than {_LEAST_FRAMES} frames at "
            f"{GRID_FPS:g} per second.",
            "Give a longer clip.",
        )
    nearest = places.round()
    places = torch.where((places - nearest).abs() < _ON_FRAME, nearest, places)
    frame = places.floor().long()
    if float(places[-1]) > frames - 1:
        frame = frame.clamp(max=frames - 2)
    count = torch.arange(observations.frames) - torch.searchsorted(frame, frame)
    return Timeline(GRID_FPS, frames, fps, frame, places - frame, count)


def check_times(times: Float[Tensor, " stamps"], frames: int) -> None:
    """See that time stamps can be those of a clip.

    Raises:
        InputError: They are too few or too many, not finite, do not rise, or leave a long gap; names the frame.
    """
    if times.shape[0] != frames:
        raise InputError(f"There are {times.shape[0]} times and {frames} frames.", "Give one time per frame.")
    wild = (~torch.isfinite(times)).nonzero()[:, 0].tolist()
    if wild:
        raise InputError(f"The time of frame {wild[0]} is {float(times[wild[0]])}.", "Give seconds for every frame.")
    steps = times.diff()
    for frame in (steps <= 0).nonzero()[:1, 0].tolist():
        what = "the same as" if float(steps[frame]) == 0.0 else "before"
        raise InputError(
            f"times must rise from frame to frame: frame {frame + 1} ({float(times[frame + 1]):.6g} s) is {what} "
            f"frame {frame} ({float(times[frame]):.6g} s).",
            "Give the time of each frame in seconds; leave doubled frames out.",
        )
    for frame in (steps > LONGEST_GAP).nonzero()[:1, 0].tolist():
        raise InputError(
            f"There are {float(steps[frame]):.3g} s without a frame after frame {frame}.",
            f"Cut the clip there (a gap may last {LONGEST_GAP:g} s), and see that times are in seconds.",
        )


def rate_warnings(observations: Observations) -> list[str]:
    """A sentence about a frame rate that fits are not made for."""
    slowest, fastest = SUITED_RATES
    if slowest * (1.0 - _SAME_RATE) <= observations.fps <= fastest * (1.0 + _SAME_RATE):
        return []
    if observations.fps < slowest:
        why = "between its frames the motion is a guess of the motion prior"
    else:
        why = "a fit takes long, and every frame counts as an observation of its own"
    return [f"The clip has {observations.fps:.4g} frames per second, beyond {slowest:g} to {fastest:g}: {why}."]
