"""What a card says about the data, the body and the licence of a prior."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from motionfit.body.model import BodyModel
from motionfit.datasets.clips import Clip, data_hash

LICENCE = "CC BY-SA 3.0"
_ACKNOWLEDGED = {
    "CMU": "The data used in this project was obtained from mocap.cs.cmu.edu. "
    "The database was created with funding from NSF EIA-0196217.",
    "HDM05": "The data used in this project was obtained from HDM05 (M. Müller, T. Röder, M. Clausen, B. Eberhardt, "
    "B. Krüger, A. Weber: Documentation Mocap Database HDM05, Tech. report CG-2007-2, Universität Bonn, 2007), "
    "CC BY-SA 3.0.",
    "DeepMimic": "Motion clips of DeepMimic, MIT licence, (c) 2018 Xue Bin Peng.",
    "MASS": "Motion clips of MASS, Apache-2.0, Seoul National University Movement Research Lab.",
}


def card_of(train: Path, validation: Path, clips: list[Clip], held_back: list[Clip], body: BodyModel) -> dict[str, Any]:
    """Data with hashes and minutes per kind, body, licence and acknowledgements."""
    return {
        "data": {
            "train": _describe(train, clips),
            "validation": _describe(validation, held_back),
            "split": "as the folders give it",
        },
        "body": {"kind": body.kind, "gender": body.gender, "sha256": body.content_hash},
        "licence": LICENCE,
        "acknowledgements": _ACKNOWLEDGED,
    }


def _describe(folder: Path, clips: list[Clip]) -> dict[str, Any]:
    minutes: dict[str, float] = {}
    for clip in clips:
        minutes[clip.kind] = minutes.get(clip.kind, 0.0) + clip.frames / 1800.0
    rounded = {kind: round(value, 2) for kind, value in sorted(minutes.items())}
    return {"sha256": data_hash(folder), "clips": len(clips), "minutes_by_kind": rounded}
