"""The kinds of degraded observation that accuracy is measured on, and the presets that each method fits them with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from motionfit.bench.clips import BenchClip
from motionfit.body.model import BodyModel
from motionfit.files.inputs import ClipInput, observe_motion
from motionfit.motion import Observations
from motionfit.simulation import SimulationSpec

_LEAST_POINTS = 3


@dataclass(frozen=True)
class Task:
    """One kind of degraded observation.

    Attributes:
        name: As in reports.
        simulate: As `--simulate` takes it; {third} and {two_thirds} stand for those frames of the clip.
        presets: That fit it, by method (`pipeline.settings.METHODS`).
        metric: The one that stage III is held against stage II by, per clip.
    """

    name: str
    simulate: str
    presets: Mapping[str, str]
    metric: str

    def spec(self, frames: int) -> SimulationSpec:
        """What is observed of a clip of so many frames."""
        return SimulationSpec.parse(self.simulate.format(third=frames // 3, two_thirds=2 * frames // 3))


TASKS: tuple[Task, ...] = (
    Task(
        "noisy_joints",
        "noise=0.04",
        {"motionfit": "joints3d", "reference": "reference-3d"},
        "global_mpjpe_mm",
    ),
    Task(
        "partial_keypoints",
        "below=0.9",
        {"motionfit": "keypoints3d", "reference": "reference-3d-keypoints"},
        "occluded_mm",
    ),
    Task(
        "missing_middle",
        "noise=0.01,missing={third}:{two_thirds}",
        {"motionfit": "joints3d", "reference": "reference-3d"},
        "occluded_mm",
    ),
    Task(
        "video",
        "project=1280x720:f1060,noise_px=5,drop=0.1",
        {"motionfit": "video", "reference": "reference-video"},
        "global_mpjpe_mm",
    ),
)
"""HuMoR's (ICCV 2021, section 5.1): joints with 4 cm noise, and surface keypoints of which those below 0.9 m are
hidden. Then joints with 1 cm noise whose middle third is missing, and 2D keypoints over a floor that is not known."""


@dataclass(frozen=True)
class Observed:
    """A clip and what is observed of it, with the truth in the frame of the observations."""

    clip: BenchClip
    input: ClipInput

    @property
    def observations(self) -> Observations:
        """What is fitted."""
        return self.input.observations


def observe(task: Task, clips: list[BenchClip], body: BodyModel, seed: int) -> list[Observed]:
    """Degraded observations of each clip, without the clips of which less than half the frames show anything."""
    observed = [
        Observed(clip, observe_motion(clip.name, clip.motion, task.spec(clip.motion.frames), seed + place, body))
        for place, clip in enumerate(clips)
    ]
    return [each for each in observed if is_seen(each.observations)]


def is_seen(observations: Observations) -> bool:
    """Whether at least half of the frames show three points or more."""
    mask = observations.joints3d_mask if observations.joints3d_mask is not None else observations.keypoints3d_mask
    return mask is None or bool((mask.sum(-1) >= _LEAST_POINTS).float().mean() >= 0.5)
