"""A stage's result as one npz that gives it back exactly: matrices, variables and the whole history."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import torch

from motionfit.files.npz import Arrays, array_of
from motionfit.motion import Floor, Motion
from motionfit.pipeline.incidents import Incident
from motionfit.pipeline.result import ClosureRecord, StageResult

_VARIABLE = "variable."
_SHARE = "share."


def stage_arrays(stage: StageResult) -> Arrays:
    """Everything that a stage holds.

    Rotations are matrices. `variable.NAME` are the optimiser's values, `share.NAME` the weighted terms by frame.
    `history_*` has a row per closure; a term that did not count in a closure is False in `history_has_raw` and
    `history_has_weighted`. Each of `incidents` is a JSON object.
    """
    motion = stage.motion
    arrays: Arrays = {
        "key": np.array(stage.key),
        "status": np.array(stage.status),
        "seconds": np.array(stage.seconds, np.float64),
        "fps": np.array(motion.fps, np.float64),
        "gender": np.array(motion.gender),
        "translation": array_of(motion.translation),
        "root_orientation": array_of(motion.root_orientation),
        "body_pose": array_of(motion.body_pose),
        "betas": array_of(motion.betas),
        "floor_normal": array_of(stage.floor.normal),
        "floor_offset": array_of(stage.floor.offset),
        "incidents": incident_array(stage.incidents),
    }
    if motion.contacts is not None:
        arrays["contacts"] = array_of(motion.contacts)
    arrays.update({_VARIABLE + name: array_of(value) for name, value in stage.variables.items()})
    arrays.update({_SHARE + name: array_of(value) for name, value in stage.shares.items()})
    return {**arrays, **history_arrays(stage.history)}


def history_arrays(history: Sequence[ClosureRecord]) -> Arrays:
    """The closures as columns: raw and weighted terms have the shape (closures, terms)."""
    terms = list(dict.fromkeys(term for record in history for term in (*record.raw, *record.weighted)))
    return {
        "history_phase": np.array([record.phase for record in history], dtype=np.str_),
        "history_iteration": np.array([record.iteration for record in history], dtype=np.int64),
        "history_loss": np.array([record.loss for record in history], dtype=np.float64),
        "history_term": np.array(terms, dtype=np.str_),
        **_columns("raw", [record.raw for record in history], terms),
        **_columns("weighted", [record.weighted for record in history], terms),
    }


def _columns(name: str, rows: Sequence[Mapping[str, float]], terms: Sequence[str]) -> Arrays:
    values = [[row.get(term, 0.0) for term in terms] for row in rows]
    has = [[term in row for term in terms] for row in rows]
    shape = (len(rows), len(terms))
    return {
        f"history_{name}": np.array(values, np.float64).reshape(shape),
        f"history_has_{name}": np.array(has, np.bool_).reshape(shape),
    }


def stage_from_arrays(arrays: Arrays) -> StageResult:
    """The stage that `stage_arrays` wrote.

    Raises:
        KeyError: An array is missing.
        ValueError: An incident is not valid JSON.
    """
    contacts = arrays.get("contacts")
    motion = Motion(
        fps=float(arrays["fps"]),
        translation=torch.from_numpy(arrays["translation"]),
        root_orientation=torch.from_numpy(arrays["root_orientation"]),
        body_pose=torch.from_numpy(arrays["body_pose"]),
        betas=torch.from_numpy(arrays["betas"]),
        gender=str(arrays["gender"]),
        contacts=None if contacts is None else torch.from_numpy(contacts),
    )
    return StageResult(
        key=str(arrays["key"]),
        motion=motion,
        floor=Floor(torch.from_numpy(arrays["floor_normal"]), torch.from_numpy(arrays["floor_offset"])),
        variables=_named(arrays, _VARIABLE),
        history=history_from_arrays(arrays),
        seconds=float(arrays["seconds"]),
        status=str(arrays["status"]),
        shares=_named(arrays, _SHARE),
        incidents=incidents_from_arrays(arrays),
    )


def _named(arrays: Arrays, prefix: str) -> dict[str, torch.Tensor]:
    return {
        key.removeprefix(prefix): torch.from_numpy(value) for key, value in arrays.items() if key.startswith(prefix)
    }


def incident_array(incidents: Sequence[Incident]) -> np.ndarray:
    """A JSON object for each."""
    return np.array([json.dumps(asdict(incident)) for incident in incidents], dtype=np.str_)


def incidents_from_arrays(arrays: Arrays) -> tuple[Incident, ...]:
    """Those of the array `incidents`.

    Raises:
        ValueError: One is not valid JSON.
    """
    return tuple(Incident(**json.loads(str(text))) for text in arrays.get("incidents", ()))


def history_from_arrays(arrays: Arrays) -> tuple[ClosureRecord, ...]:
    """The closures that `history_arrays` wrote.

    Raises:
        KeyError: An array is missing.
    """
    terms = [str(term) for term in arrays["history_term"]]
    raw = _rows(arrays["history_raw"], arrays["history_has_raw"], terms)
    weighted = _rows(arrays["history_weighted"], arrays["history_has_weighted"], terms)
    return tuple(
        ClosureRecord(str(phase), int(iteration), float(loss), raw[row], weighted[row])
        for row, (phase, iteration, loss) in enumerate(
            zip(arrays["history_phase"], arrays["history_iteration"], arrays["history_loss"], strict=True)
        )
    )


def _rows(values: np.ndarray, has: np.ndarray, terms: Sequence[str]) -> list[dict[str, float]]:
    return [
        {term: float(value) for term, value, is_there in zip(terms, row, there, strict=True) if is_there}
        for row, there in zip(values, has, strict=True)
    ]
