"""report.json: what a fit was made with and how it went, for people and scripts."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from motionfit.metrics.score import score_frames
from motionfit.metrics.spans import score_summary
from motionfit.pipeline.contact_overrides import ContactOverride
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.result import ClosureRecord, FitResult, StageResult
from motionfit.pipeline.settings import AUTO, METHODS, FitSettings

FORMAT = 1
_PACKAGES = ("motionfit", "torch", "numpy", "scipy")

Report = dict[str, Any]


def build_report(result: FitResult, finished: Sequence[str], metrics: Mapping[str, float] | None = None) -> Report:
    """Everything about a fit but its motions, as JSON values; NaN and infinite numbers become null.

    Args:
        result: The fit.
        finished: Keys of the stages that ran to their end.
        metrics: Accuracy and plausibility, where they are known.
    """
    observations = result.observations
    return {
        "format": FORMAT,
        "complete": not result.cancelled,
        "cancelled": result.cancelled,
        "finished_stages": list(finished),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "input": {"kind": observations.kind, "frames": observations.frames, "fps": observations.fps},
        "settings": settings_to_json(result.settings),
        "versions": _versions(),
        "body_hash": result.body_hash,
        "priors_hash": result.priors_hash,
        "accelerated": result.accelerated,
        "windows": [list(window) for window in result.windows],
        "seconds": {key: stage.seconds for key, stage in result.stages.items()},
        "closures": {key: len(stage.history) for key, stage in result.stages.items()},
        "stages": {key: _stage(stage) for key, stage in result.stages.items()},
        "metrics": {name: _finite(value) for name, value in (metrics or {}).items()},
        "diagnostics": {
            name: [_finite(value) for value in values.tolist()] for name, values in result.diagnostics.items()
        },
        **(score_summary(score_frames(result.diagnostics)) if result.diagnostics else {}),
        "warnings": list(result.warnings),
        "ground": {name: _finite(value) for name, value in result.ground.items()},
        "history": {key: _history(stage.history) for key, stage in result.stages.items() if stage.history},
    }


def without_histories(report: Report) -> Report:
    """The report as `fit --json` prints it: per-closure and per-frame lists left out."""
    return {key: value for key, value in report.items() if key not in ("history", "diagnostics")}


def _versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in _PACKAGES} | {"python": platform.python_version()}


def _stage(stage: StageResult) -> Report:
    return {
        "status": stage.status,
        "seconds": stage.seconds,
        "closures": len(stage.history),
        "final_loss": _finite(stage.history[-1].loss) if stage.history else None,
        "incidents": [asdict(incident) | {"sentence": incident.sentence()} for incident in stage.incidents],
        "robust_scales": {term: _finite(scale) for term, scale in stage.scales.items()},
    }


def _history(history: Sequence[ClosureRecord]) -> Report:
    terms = list(dict.fromkeys(term for record in history for term in (*record.raw, *record.weighted)))
    return {
        "phase": [record.phase for record in history],
        "iteration": [record.iteration for record in history],
        "loss": [_finite(record.loss) for record in history],
        "raw": {term: [_finite(record.raw.get(term)) for record in history] for term in terms},
        "weighted": {term: [_finite(record.weighted.get(term)) for record in history] for term in terms},
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def settings_to_json(settings: FitSettings) -> Report:
    """Settings as JSON values."""
    return {
        "preset": settings.preset,
        "method": settings.method,
        "weights": {stage: dict(terms) for stage, terms in settings.weights.items()},
        "iterations": dict(settings.iterations),
        "window": settings.window,
        "overlap": settings.overlap,
        "window_batch": settings.window_batch,
        "tolerance": settings.tolerance,
        "solvers": dict(settings.solvers),
        "ground": settings.ground,
        "contacts": [str(contact) for contact in settings.contacts],
        "robust": dict(settings.robust),
        "stages": list(settings.stages),
        "freezes": sorted(str(freeze) for freeze in settings.freezes),
        "device": settings.device,
        "threads": settings.threads,
        "seed": settings.seed,
        "acceleration": settings.acceleration,
        "refitted": [list(frames) for frames in settings.refitted],
    }


def settings_from_json(content: Mapping[str, Any]) -> FitSettings:
    """The settings that `settings_to_json` wrote.

    Raises:
        KeyError: One is missing.
        SettingsError: One makes no sense.
    """
    return FitSettings(
        preset=content["preset"],
        weights=content["weights"],
        iterations=content["iterations"],
        window=content["window"],
        overlap=content["overlap"],
        window_batch=content.get("window_batch", 0),
        tolerance=content["tolerance"],
        stages=tuple(content["stages"]),
        freezes=frozenset(_freeze_from(given) for given in content["freezes"]),
        device=content["device"],
        threads=content["threads"],
        seed=content["seed"],
        method=content.get("method", METHODS[0]),
        solvers=content.get("solvers", {}),
        acceleration=content.get("acceleration", AUTO),
        ground=content.get("ground", "default"),
        contacts=tuple(ContactOverride.parse(text) for text in content.get("contacts", [])),
        robust=content.get("robust", {}),
        refitted=tuple((int(start), int(stop)) for start, stop in content.get("refitted", ())),
    )


def _freeze_from(given: str | list[str]) -> Freeze:
    """From its text, or from the pair of variable and place that earlier reports hold."""
    return Freeze.parse(given) if isinstance(given, str) else Freeze(given[0], given[1])
