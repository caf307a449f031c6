"""Fits of a benchmark kept as result folders: a long run goes on where it was stopped, and can be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from motionfit.bench.tasks import Observed, Task
from motionfit.body.model import BodyModel
from motionfit.errors import OutputError
from motionfit.files.result import has_result, read_result, write_result
from motionfit.pipeline.result import FitResult
from motionfit.pipeline.settings import FitSettings
from motionfit.priors.checkpoints import Priors
from motionfit.reference.choose import fit_clips

_BATCH = 16


@dataclass(frozen=True)
class Keeper:
    """Where fits are kept.

    Attributes:
        folder: One folder for each method, task and clip in it; None = they are not kept.
    """

    folder: Path | None

    def place(self, task: Task, settings: FitSettings, clip: str) -> Path | None:
        """The result folder of one fit."""
        return None if self.folder is None else self.folder / settings.method / task.name / clip

    def read(self, task: Task, settings: FitSettings, each: Observed, body: BodyModel) -> FitResult | None:
        """The kept fit of a clip; None where there is none.

        Raises:
            OutputError: The one that is there is of other observations, or of another body.
        """
        place = self.place(task, settings, each.clip.name)
        if place is None or not has_result(place):
            return None
        result = read_result(place)
        if not _same(result, each, settings, body):
            raise OutputError(
                f"{place} holds a fit of other observations, another body or other settings.",
                "Give an empty folder with --keep.",
            )
        return result

    def write(self, task: Task, settings: FitSettings, each: Observed, result: FitResult, body: BodyModel) -> None:
        """Keep a fit."""
        place = self.place(task, settings, each.clip.name)
        if place is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            write_result(place, result, body)


def fits(
    task: Task, observed: list[Observed], body: BodyModel, priors: Priors, settings: FitSettings, keeper: Keeper
) -> Iterator[tuple[Observed, FitResult]]:
    """The fit of every clip: those kept first, then the others, clips of equal length together."""
    left = []
    for each in observed:
        kept = keeper.read(task, settings, each, body)
        if kept is None:
            left.append(each)
        else:
            yield each, kept
    for part in _batches(left, settings):
        results = fit_clips([each.observations for each in part], body, priors, settings)
        for each, result in zip(part, results, strict=True):
            keeper.write(task, settings, each, result, body)
            yield each, result


def _batches(observed: list[Observed], settings: FitSettings) -> list[list[Observed]]:
    """Clips of equal length together, at most sixteen at a time; the published method takes one."""
    most = 1 if settings.method == "reference" else _BATCH
    lengths = sorted({each.observations.frames for each in observed})
    equal = [[each for each in observed if each.observations.frames == frames] for frames in lengths]
    return [group[start : start + most] for group in equal for start in range(0, len(group), most)]


def _same(result: FitResult, each: Observed, settings: FitSettings, body: BodyModel) -> bool:
    kind = each.observations.kind
    ours, theirs = getattr(each.observations, kind), getattr(result.observations, kind)
    is_same_data = theirs is not None and ours.shape == theirs.shape and bool(torch.allclose(ours, theirs, atol=1e-5))
    return is_same_data and result.body_hash == body.content_hash and result.settings.weights == settings.weights
