"""Tune the weights of a preset on training clips: Optuna proposes them, fits of clips with known truth judge them.

Weights are searched on a logarithmic scale around those of the preset. A trial is judged by the geometric mean, over
clips and metrics, of its errors divided by those of the preset, so that 0.9 is an error less by a tenth and no clip
counts more for being hard. Every trial is written to a journal, so a sweep that was stopped goes on.
"""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motionfit.bench.clips import bench_clips
from motionfit.bench.kept_fits import Keeper, fits
from motionfit.bench.tasks import Observed, Task, observe
from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.errors import SettingsError, require_one_of
from motionfit.files.atomic import atomic_file, output_errors
from motionfit.metrics.evaluation import evaluate
from motionfit.pipeline.settings import FitSettings, load_preset, preset_path
from motionfit.priors.checkpoints import Priors, load_priors
from motionfit.training.configuration import as_toml

if TYPE_CHECKING:
    import optuna

REACH = 8.0
"""A weight is tried between the preset's divided by this and multiplied by it."""
SECOND_METRICS = ("mesh_mm", "accel_error_m_s2")
"""What counts beside the metric of the task, each as much as it."""

Errors = Mapping[str, Mapping[str, float]]
"""Metrics of the last stage by clip."""


@dataclass(frozen=True)
class Sweep:
    """What is tuned, and on what.

    Attributes:
        task: The observations.
        preset: Name or file of the preset to start from.
        weights: What is tuned, as "stage3.motion_prior"; all must be positive in the preset.
        data: Folder of AMASS motions of the training split.
        every: Take each so-manieth clip, by name.
        trials: So many in all, with those of an earlier run.
        output: The tuned preset; the journal lies beside it.
        seed: Of the noise and of what is tried.
    """

    task: Task
    preset: str
    weights: tuple[str, ...]
    data: Path
    every: int
    trials: int
    output: Path
    seed: int = 0

    @property
    def journal(self) -> Path:
        """Where the trials are written."""
        return self.output.with_suffix(".trials.jsonl")


def run_sweep(
    sweep: Sweep,
    note: Callable[[str], None] = lambda _text: None,
    change: Callable[[FitSettings], FitSettings] = lambda settings: settings,
) -> dict[str, Any]:
    """Tune, and write the best preset.

    Args:
        sweep: What to do.
        note: Told the progress in words.
        change: Applied to the settings of every fit, to try it with fewer iterations.

    Returns:
        The best objective (1 = as good as the preset), its weights, and every trial.

    Raises:
        SettingsError: Optuna is missing, a weight is not one of the preset, or the clips are not for training.
        InputError: The folder holds no motion.
        OutputError: The preset or the journal cannot be written.
    """
    require_optuna()
    require_training_clips(sweep.data)
    start = load_preset(sweep.preset)
    first = {name: _weight(start, name) for name in sweep.weights}
    clips = bench_clips(sweep.data)[:: sweep.every]
    body, priors = load_body(), load_priors()
    observed = observe(sweep.task, clips, body, sweep.seed)
    before = _errors(sweep.task, observed, body, priors, change(start))
    study = _study(sweep)

    def judge(trial: optuna.Trial) -> float:
        chosen = {
            name: trial.suggest_float(name, value / REACH, value * REACH, log=True) for name, value in first.items()
        }
        errors = _errors(sweep.task, observed, body, priors, change(with_weights(start, chosen)))
        value = relative_error(errors, before, (sweep.task.metric, *SECOND_METRICS))
        note(f"trial {trial.number + 1} of {sweep.trials}: {value:.4f} of the preset's error")
        return value

    if not study.trials:
        study.enqueue_trial(first)
    study.optimize(judge, n_trials=max(sweep.trials - len(_done(study)), 0))
    best = study.best_trial
    _write_preset(sweep, {name: float(best.params[name]) for name in sweep.weights}, float(best.value or math.nan))
    return {
        "objective": best.value,
        "weights": dict(best.params),
        "preset": str(sweep.output),
        "clips": [each.clip.name for each in observed],
        "trials": [{"objective": trial.value, "weights": dict(trial.params)} for trial in _done(study)],
    }


def require_optuna() -> None:
    """See that Optuna is there.

    Raises:
        SettingsError: It is not; says how to install it.
    """
    if find_spec("optuna") is None:
        raise SettingsError("A sweep needs optuna, which is not installed.", "Run pip install 'motionfit[sweep]'.")


def require_training_clips(folder: Path) -> None:
    """Refuse clips that are for validation or testing: what is tuned on them cannot be measured on them.

    Raises:
        SettingsError: The folder is named so, or a manifest.csv in it or beside it says so of a clip.
    """
    hint = "Give the folder of the training split."
    if folder.resolve().name.lower() in ("val", "valid", "validation", "test"):
        raise SettingsError(f"{folder} is not the training split by its name.", hint)
    for manifest in (folder / "manifest.csv", folder.parent / "manifest.csv"):
        if manifest.is_file():
            with manifest.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            splits = {row.get("id", ""): row.get("split", "train") for row in rows}
            others = [f.stem for f in sorted(folder.glob("*.npz")) if _split(f.stem, splits) != "train"]
            if others:
                raise SettingsError(f"{manifest} says that {others[0]} is not of the training split.", hint)


def _split(stem: str, splits: Mapping[str, str]) -> str:
    return splits.get(stem, splits.get(stem.removesuffix("_poses"), "train"))


def relative_error(errors: Errors, before: Errors, metrics: Sequence[str]) -> float:
    """Geometric mean over clips and metrics of errors divided by those before; infinite where one is not finite."""
    ratios = [
        math.log(max(errors[clip][metric], 1e-9) / max(before[clip][metric], 1e-9))
        for clip in before
        for metric in metrics
        if metric in before[clip]
    ]
    mean = sum(ratios) / len(ratios) if ratios else math.nan
    return math.exp(mean) if math.isfinite(mean) else math.inf


def with_weights(settings: FitSettings, weights: Mapping[str, float]) -> FitSettings:
    """The settings with weights changed, named as "stage3.motion_prior"."""
    for name, weight in weights.items():
        stage, _, term = name.partition(".")
        settings = settings.with_weight(stage, term, weight)
    return settings


def _weight(settings: FitSettings, name: str) -> float:
    known = [f"{stage}.{term}" for stage, terms in settings.weights.items() for term in terms]
    require_one_of(name, known, "weight to tune")
    stage, _, term = name.partition(".")
    if settings.weights[stage][term] <= 0:
        raise SettingsError(f"{name} is 0 in {settings.preset}.", "Only weights that count can be tuned.")
    return settings.weights[stage][term]


def _errors(
    task: Task, observed: list[Observed], body: BodyModel, priors: Priors, settings: FitSettings
) -> dict[str, dict[str, float]]:
    found = {}
    for each, result in fits(task, observed, body, priors, settings, Keeper(None)):
        assert each.input.truth is not None
        last = result.final
        found[each.clip.name] = evaluate(
            last.motion, each.input.truth, body, each.observations, last.floor, each.input.truth_floor
        )
    return found


def _study(sweep: Sweep) -> optuna.Study:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with output_errors(sweep.journal):
        sweep.journal.parent.mkdir(parents=True, exist_ok=True)
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(sweep.journal)))
    sampler = optuna.samplers.TPESampler(seed=sweep.seed, n_startup_trials=max(len(sweep.weights) + 2, 5))
    return optuna.create_study(
        storage=storage, sampler=sampler, study_name=f"{sweep.preset}, {sweep.task.name}", load_if_exists=True
    )


def _done(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return [trial for trial in study.trials if trial.value is not None]


def _write_preset(sweep: Sweep, weights: Mapping[str, float], objective: float) -> None:
    content = tomllib.loads(preset_path(sweep.preset).read_text(encoding="utf-8"))
    for name, weight in weights.items():
        stage, _, term = name.partition(".")
        content["weights"][stage][term] = float(f"{weight:.3g}")
    heading = (
        f"# {sweep.preset} tuned on {sweep.task.name} ({sweep.task.simulate}),\n"
        f"# each {sweep.every}. clip of {sweep.data}: {objective:.3f} of its error after {sweep.trials} trials.\n"
    )
    with output_errors(sweep.output), atomic_file(sweep.output) as temporary:
        temporary.write_text(heading + as_toml(content), encoding="utf-8")
