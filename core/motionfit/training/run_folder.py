"""The folder of a training run: what is where in it, and whether a run may begin or go on there.

| file | what |
|---|---|
| `run.json` | what decides the run's numbers: kind, seed, dataset, body, settings, machine |
| `settings.toml` | the settings, to be given to `--config` again |
| `metrics.csv` | all terms of each epoch; `tensorboard/` has them as curves |
| `best.safetensors`, `last.safetensors` | the prior in MotionFit's format, with their cards (`.json`) |
| `resume.safetensors` | what `--resume` needs |
| `samples/` | what the prior made up after some of the epochs |
"""

from __future__ import annotations

import csv
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from motionfit.errors import CheckpointError, OutputError, SettingsError
from motionfit.files.atomic import atomic_file, output_errors, temporary_beside
from motionfit.priors.checkpoints import save_prior
from motionfit.training.configuration import as_toml, flat
from motionfit.training.task import Metrics

BEST = "best.safetensors"
LAST = "last.safetensors"
RESUME = "resume.safetensors"
_RECORD = "run.json"
_HARMLESS = ("settings.loop.sample_epochs", "settings.loop.patience")
"""May change in a run that goes on."""

_MACHINE = "machine."
"""Keys of what may change, but makes the numbers differ in their last digits."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunFolder:
    """A run folder that is written to.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def samples(self) -> Path:
        """Folder of the samples."""
        return self.path / "samples"

    def write_prior(self, prior: nn.Module, name: str, card: dict[str, Any]) -> None:
        """Write a prior and its card, each as a whole.

        Raises:
            OutputError: They cannot be written; what was there is still there.
        """
        path = self.path / name
        folder = temporary_beside(path)
        with output_errors(path):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                save_prior(prior, folder / name, card)
                for written in (folder / name, (folder / name).with_suffix(".json")):
                    written.replace(self.path / written.name)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def write_metrics(self, history: Sequence[Metrics]) -> None:
        """Write a row per epoch.

        Raises:
            OutputError: They cannot be written.
        """
        with (
            atomic_file(self.path / "metrics.csv") as temporary,
            temporary.open("w", newline="", encoding="utf-8") as stream,
        ):
            writer = csv.DictWriter(stream, list(history[0]))
            writer.writeheader()
            writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in history)


def has_run(folder: Path) -> bool:
    """Whether a run was begun in a folder."""
    return (folder / _RECORD).is_file()


def check_run(folder: Path, record: Mapping[str, Any], resume: bool) -> None:
    """See whether a run may begin in a folder, or go on there.

    Args:
        folder: The run folder.
        record: Kind, seed, dataset, body, settings and machine.
        resume: Go on.

    Raises:
        OutputError: A run is to begin where there is one already.
        CheckpointError: A run is to go on where there is none.
        SettingsError: The run that is to go on is another: names everything that differs.
    """
    if not resume:
        if has_run(folder):
            hint = "Go on with it by --resume, or name another folder."
            raise OutputError(f"There is a run in {folder} already.", hint)
        return
    try:
        earlier = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no run to resume in {folder}.", "Leave --resume out to start one.") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder / _RECORD} cannot be read: {error}.", "Copy the run folder again.") from error
    differs = _changes(flat(earlier), flat(json.loads(json.dumps(record))))
    changes = [change for change in differs if not change.startswith(_MACHINE)]
    if len(changes) < len(differs):
        others = "; ".join(change.removeprefix(_MACHINE) for change in differs if change.startswith(_MACHINE))
        _logger.warning("The numbers may differ in their last digits from those of a run in one go: %s.", others)
    if changes:
        raise SettingsError(
            f"The run in {folder} was begun with others: {'; '.join(changes)}.",
            "Resume it with the same data and settings, or begin another run in another folder.",
        )


def open_run(folder: Path, record: Mapping[str, Any]) -> RunFolder:
    """Make the folder, and write what decides the run's numbers.

    Raises:
        OutputError: It cannot be written.
    """
    for name, content in (
        ("settings.toml", as_toml(record["settings"])),
        (_RECORD, json.dumps(record, indent=2) + "\n"),
    ):
        with atomic_file(folder / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    return RunFolder(folder)


def _changes(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    harmless = {*_HARMLESS}
    if now.get("settings.loop.schedule") != "cosine":
        harmless.add("settings.loop.epochs")
    return [
        f"{name.removeprefix('settings.')} was {earlier.get(name, 'absent')} and is {now.get(name, 'absent')}"
        for name in (*earlier, *(name for name in now if name not in earlier))
        if earlier.get(name) != now.get(name) and name not in harmless
    ]
