"""The evaluation of priors: what each kind is measured by, as one report."""

from __future__ import annotations

import argparse
import json
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.errors import CheckpointError, SettingsError
from motionfit.files.atomic import atomic_file, output_errors
from motionfit.priors.checkpoints import (
    INITIAL_STATE,
    KINDS,
    MOTION_PRIOR,
    POSE_PRIOR,
    load_initial_state,
    load_motion_prior,
    load_pose_prior,
    read_card,
    shipped_path,
)
from motionfit.priors.familiarity_card import load_familiarity, store_familiarity
from motionfit.priors.initial_state import InitialStateMixture
from motionfit.priors.motion import MotionPrior
from motionfit.priors.pose import PoseAutoencoder
from motionfit.priors.self_check import check_prior
from motionfit.training.evaluation_data import EvaluationData, read_evaluation_data
from motionfit.training.prior_evaluation import (
    Partner,
    evaluate_familiarity,
    evaluate_initial_state,
    evaluate_motion,
    evaluate_pose,
)

_logger = logging.getLogger(__name__)

Report = dict[str, Any]
Table = tuple[str, tuple[str, ...], list[list[str]]]

_LOAD: dict[str, Callable[[Path], PoseAutoencoder | MotionPrior | InitialStateMixture]] = {
    POSE_PRIOR: load_pose_prior,
    MOTION_PRIOR: load_motion_prior,
    INITIAL_STATE: load_initial_state,
}

_TITLES = {
    "samples": "random motion from validation states",
    "recorded": "recorded validation motion, judged alike",
    "separation": "familiarity score (0 ± 1 on validation motion)",
}


def evaluate_priors(given: argparse.Namespace) -> Report:
    """Measure all checkpoints that were named, or the shipped ones.

    Returns:
        `data` (folder, hash, clips per split), `priors` (an entry per checkpoint: file, kind, self_check, warnings,
        splits with every term, and what belongs to the kind) and `seconds`.

    Raises:
        MotionFitError: A checkpoint or the data cannot be read, or a file cannot be written.
    """
    began = time.perf_counter()
    torch.set_num_threads(given.threads)
    paths = given.checkpoints or [shipped_path(kind) for kind in KINDS]
    kinds = {path: _kind_of(path) for path in paths}
    if given.calibrate and MOTION_PRIOR not in kinds.values():
        raise SettingsError("--calibrate needs a motion prior, and none is named.", "Name its .safetensors file.")
    body = load_body(given.body)
    data = read_evaluation_data(given.data, body)
    mixture = next((path for path, kind in kinds.items() if kind == INITIAL_STATE), shipped_path(INITIAL_STATE))
    judge = _Judge(data, body, mixture, given.seed, given.calibrate)
    entries = [judge.entry(path, kind) for path, kind in kinds.items()]
    report = {
        "data": {
            "folder": str(given.data),
            "sha256": data.hash,
            "clips": {split: len(clips) for split, clips in data.splits.items()},
        },
        "body_sha256": body.content_hash,
        "seed": given.seed,
        "priors": entries,
        "seconds": round(time.perf_counter() - began, 1),
    }
    finite: Report = _finite(report)
    if given.output is not None:
        with atomic_file(given.output) as temporary:
            temporary.write_text(json.dumps(finite, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return finite


def tables_of(entry: Mapping[str, Any]) -> list[Table]:
    """What to print of one prior: its terms by split, then what it makes up itself."""
    splits: Mapping[str, Mapping[str, Any]] = entry["splits"]
    names = list(dict.fromkeys(name for terms in splits.values() for name in terms))
    mark = " — UNTRAINED" if not entry["self_check"]["passed"] else ""
    rows = [[name, *(_number(terms.get(name)) for terms in splits.values())] for name in names]
    tables: list[Table] = [(f"{entry['kind']} {Path(entry['file']).name}{mark}", ("term", *splits), rows)]
    for key, title in _TITLES.items():
        if key in entry:
            tables.append((title, ("measure", "value"), [[name, _number(v)] for name, v in entry[key].items()]))
    return tables


@dataclass(frozen=True)
class _Judge:
    """What all priors are judged with.

    Attributes:
        data: The clips.
        body: To pose.
        mixture: The file whose mixture tells the familiarity together with a motion prior.
        seed: Of what is drawn.
        calibrates: Whether to write the calibration of familiarity into the card.
    """

    data: EvaluationData
    body: BodyModel
    mixture: Path
    seed: int
    calibrates: bool

    def entry(self, path: Path, kind: str) -> Report:
        """All about one prior."""
        _logger.info("Evaluating %s", path)
        prior = _LOAD[kind](path)
        check = check_prior(prior)
        warnings = []
        if not check.passed:
            warnings.append(
                f"{path} behaves like an untrained model: {check.measure} is {check.value:.3g} (limit {check.limit:g})."
            )
        head = {"file": str(path), "kind": kind, "self_check": check.to_json(), "warnings": warnings}
        if isinstance(prior, PoseAutoencoder):
            return {**head, **evaluate_pose(prior, self.data, self.body, self.seed)}
        if isinstance(prior, InitialStateMixture):
            return {**head, **evaluate_initial_state(prior, self.data, self.body, self.seed)}
        measured = evaluate_motion(prior, self.data, self.body, self.seed)
        if check.passed:
            measured |= self._familiarity(prior, path, warnings)
        elif self.calibrates:
            raise CheckpointError(f"{path} is not calibrated: it behaves like an untrained model.", "Train it first.")
        return {**head, **measured}

    def _familiarity(self, prior: MotionPrior, path: Path, warnings: list[str]) -> Report:
        known = None if self.calibrates else load_familiarity(path, self.mixture)
        partner = Partner(load_initial_state(self.mixture), self.mixture)
        familiarity, told_apart = evaluate_familiarity(prior, partner, self.data, self.body, known)
        if self.calibrates:
            with output_errors(path.with_suffix(".json")):
                store_familiarity(path, familiarity)
        elif known is None:
            warnings.append(
                f"The card of {path} has no calibration of familiarity for the mixture {self.mixture.name}: scores "
                "here are calibrated on this data for this report only; --calibrate keeps them."
            )
        is_kept = self.calibrates or known is not None
        return {"familiarity": {**familiarity.to_json(), "on_card": is_kept}, "separation": told_apart}


def _kind_of(path: Path) -> str:
    kind = read_card(path).get("kind")
    if kind not in KINDS:
        raise CheckpointError(f"{path} is of the kind {kind!r}; {', '.join(KINDS)} are known.", "Name another file.")
    return str(kind)


def _finite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The same with null for what is no finite number, which JSON does not know."""
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
