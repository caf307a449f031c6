"""Taking up an earlier fit: is it of the same input and settings, and which stages are left?"""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.errors import OutputError
from motionfit.files.inputs import ClipInput
from motionfit.files.result import has_result, read_report, read_result
from motionfit.motion import Camera, Observations
from motionfit.pipeline.result import FitResult
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.stages import OPTIMISED_STAGES
from motionfit.pipeline.underway import without_machine
from motionfit.priors.checkpoints import Priors

_logger = logging.getLogger(__name__)
_COMPARED = (
    "times", "joints3d", "joints3d_mask", "keypoints3d", "keypoints3d_mask", "points3d", "points3d_mask", "keypoints2d",
)  # fmt: skip


def earlier_fit(
    folder: Path, clip: ClipInput, settings: FitSettings, body: BodyModel, priors: Priors
) -> FitResult | None:
    """The fit in a result folder, to go on with; None where there is none.

    Raises:
        OutputError: It is damaged, or of another input, body, priors or settings.
    """
    if not has_result(folder):
        _logger.warning("%s holds no result to resume: the fit starts from the beginning.", folder)
        return None
    earlier = read_result(folder)
    different = [
        what
        for what, is_same in (
            ("input", _same_observations(earlier.observations, clip.observations)),
            ("body", earlier.body_hash == body.content_hash),
            ("prior", earlier.priors_hash == priors.hash),
            ("settings", without_machine(earlier.settings) == without_machine(settings)),
        )
        if not is_same
    ]
    if different:
        raise OutputError(
            f"The result in {folder} was made with another {' and another '.join(different)}.",
            "Leave --resume out to fit anew, or choose another place with -o.",
        )
    return earlier


def unfinished(folder: Path, settings: FitSettings) -> tuple[str, ...]:
    """The stages of the settings that the result in a folder does not have, and all after the first of them."""
    done = set(read_report(folder)["finished_stages"])
    left = [key for key in settings.stages if key not in done]
    first = OPTIMISED_STAGES.index(left[0]) if left else len(OPTIMISED_STAGES)
    return tuple(key for key in settings.stages if OPTIMISED_STAGES.index(key) >= first)


def _same_observations(first: Observations, second: Observations) -> bool:
    if (first.frames, first.fps, first.kind, first.height) != (second.frames, second.fps, second.kind, second.height):
        return False
    if first.floor_is_given != second.floor_is_given or (first.floor_is_given and not _same_floor(first, second)):
        return False
    is_same_camera = _same_camera(first.camera, second.camera)
    return is_same_camera and all(_same(getattr(first, name), getattr(second, name)) for name in _COMPARED)


def _same_camera(first: Camera | None, second: Camera | None) -> bool:
    if first is None or second is None:
        return first is second
    names = ("intrinsics", "rotation", "translation")
    return first.image_size == second.image_size and all(
        _same(getattr(first, name), getattr(second, name)) for name in names
    )


def _same_floor(first: Observations, second: Observations) -> bool:
    assert first.floor is not None
    assert second.floor is not None
    return _same(first.floor.normal, second.floor.normal) and _same(first.floor.offset, second.floor.offset)


def _same(first: Tensor | None, second: Tensor | None) -> bool:
    if first is None or second is None:
        return first is second
    return first.shape == second.shape and bool(torch.equal(first, second))
