"""All that is measured of a prior: every term for training, validation and test clips, and what it makes up itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from motionfit.body.model import BodyModel
from motionfit.priors.familiarity import Familiarity, calibrate
from motionfit.priors.initial_state import InitialStateMixture
from motionfit.priors.motion import MotionPrior
from motionfit.priors.pose import PoseAutoencoder
from motionfit.training.evaluation_data import VALIDATION, EvaluationData
from motionfit.training.familiarity_evaluation import is_calibrating, separation, surprise_of_clips
from motionfit.training.mixture_evaluation import evaluate_mixture, states_of
from motionfit.training.motion_evaluation import evaluate_motion_prior, validation_windows
from motionfit.training.motion_terms import motion_terms
from motionfit.training.pose_evaluation import pose_terms
from motionfit.training.sample_plausibility import evaluate_recorded, evaluate_samples

MOST_POSES = 1000
MOST_WINDOWS = 120
MOST_STATES = 10_000
"""Of a split; drawn at random where there are more."""

ROLLED_STEPS = 60
_ROLLED_NAMES = {"nll": "closed_nll", "contact_accuracy": "closed_contacts_accuracy"}
_ELSEWHERE = ("kl_validation", "step_contact_accuracy", "score")
"""Of the measures of roll-outs: those that are a mixture, or among the terms of single steps already."""

Evaluation = dict[str, Any]


@dataclass(frozen=True)
class Partner:
    """The mixture that a motion prior's familiarity is told with.

    Attributes:
        mixture: Of initial states.
        path: Its file.
    """

    mixture: InitialStateMixture
    path: Path

    @property
    def hash(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def evaluate_pose(prior: PoseAutoencoder, data: EvaluationData, body: BodyModel, seed: int) -> Evaluation:
    """Errors of encoding and decoding, per split; climbing and the like counts too."""
    splits: dict[str, dict[str, float]] = {}
    for split, clips in data.splits.items():
        poses = torch.cat([clip.body_pose for clip in clips])
        order = torch.randperm(len(poses), generator=torch.Generator().manual_seed(seed))[:MOST_POSES]
        splits[split] = {"poses": float(len(order)), **pose_terms(prior, poses[order], body)}
    return {"splits": splits}


def evaluate_initial_state(
    mixture: InitialStateMixture, data: EvaluationData, body: BodyModel, seed: int
) -> Evaluation:
    """Log density of recorded states on a flat floor, per split."""
    splits: dict[str, dict[str, float]] = {}
    for split in data.splits:
        recordings = data.recordings(split, body)
        if recordings:
            states = states_of(recordings, MOST_STATES, seed)
            splits[split] = {"states": float(len(states.translation)), **evaluate_mixture(mixture, states)}
    return {"splits": splits}


def evaluate_motion(prior: MotionPrior, data: EvaluationData, body: BodyModel, seed: int) -> Evaluation:
    """Terms and roll-outs per split, and random motion from validation states beside recorded motion."""
    splits: dict[str, dict[str, float]] = {}
    for split in data.splits:
        recordings = data.recordings(split, body)
        if not recordings:
            continue
        windows = validation_windows(recordings, ROLLED_STEPS + 1).drawn(MOST_WINDOWS, seed)
        size = {"windows": float(len(windows.betas)), "rolled_steps": float(windows.states.frames - 1)}
        followed = evaluate_motion_prior(prior, windows)
        rolled = {_ROLLED_NAMES.get(name, name): value for name, value in followed.items() if name not in _ELSEWHERE}
        splits[split] = {**size, **motion_terms(prior, windows, body), **rolled}
    held_back = data.recordings(VALIDATION, body)
    samples = evaluate_samples(prior, held_back, body, seed)
    return {"splits": splits, "samples": samples, "recorded": evaluate_recorded(held_back, body)}


def evaluate_familiarity(
    prior: MotionPrior,
    partner: Partner,
    data: EvaluationData,
    body: BodyModel,
    known: Familiarity | None,
) -> tuple[Familiarity, dict[str, float]]:
    """The calibration (`known`, or one made on the validation clips), and what it tells apart."""
    clips = surprise_of_clips(prior, partner.mixture, data.splits, body)
    familiarity = known or calibrate([clip.values for clip in clips if is_calibrating(clip)], data.hash, partner.hash)
    return familiarity, separation(clips, familiarity)
