"""The calibration of familiarity on the card of a motion prior."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from motionfit.priors.checkpoints import INITIAL_STATE, MOTION_PRIOR, read_card, shipped_path
from motionfit.priors.familiarity import CARD_KEY, Familiarity, familiarity_of_card


def load_familiarity(path: Path | None = None, initial_state: Path | None = None) -> Familiarity | None:
    """The calibration of a motion prior with a mixture; None where they were not calibrated together.

    Args:
        path: The motion prior; by default the shipped one.
        initial_state: The mixture; by default the shipped one.

    Raises:
        CheckpointError: A file is missing, or the card or its entry is damaged.
    """
    mixture = shipped_path(INITIAL_STATE) if initial_state is None else initial_state
    read_card(mixture)
    card = read_card(shipped_path(MOTION_PRIOR) if path is None else path)
    return familiarity_of_card(card, hashlib.sha256(mixture.read_bytes()).hexdigest())


def store_familiarity(path: Path, familiarity: Familiarity) -> None:
    """Write a calibration into the card of the motion prior `path`; all else on the card stays.

    Raises:
        CheckpointError: There is no such prior.
        OSError: The card is not writable or the disk is full.
    """
    card = {**read_card(path), CARD_KEY: familiarity.to_json()}
    place = path.with_suffix(".json")
    temporary = place.parent / f".{place.name}.writing-{os.getpid()}"
    try:
        temporary.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)
