"""A fit that only pretends, and a short clip: whole-window tests need neither priors nor patience."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import formulas
import numpy as np
import torch
from scipy.spatial.transform import Rotation

from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.files.demo import demo_path
from motionfit.files.inputs import read_input
from motionfit.metrics.drift import joints_of
from motionfit.motion import Floor, Motion
from motionfit.pipeline.result import ClosureRecord, FitResult, Progress, StageResult
from motionfit.pipeline.stages import OPTIMISED_STAGES, phases_of
from motionfit_app.jobs.core import CoreFunctions

FRAMES = 40
GROUND = Floor(torch.tensor([0.0, 0.0, 1.0]), torch.tensor(0.0))


def make_walk(frames: int = FRAMES, sequence: int = 0) -> Motion:
    """A synthetic walk with contacts of the toes."""
    translation, orientation, pose, betas = formulas.walk(frames, sequence)
    contacts = torch.zeros(frames, 22)
    contacts[:, 10] = (torch.arange(frames) % 20 < 10).float()
    return Motion(
        30.0,
        torch.from_numpy(translation).float(),
        _matrices(orientation).reshape(frames, 3, 3),
        _matrices(pose).reshape(frames, 21, 3, 3),
        torch.from_numpy(betas).float(),
        contacts=contacts,
    )


def _matrices(axis_angles: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(Rotation.from_rotvec(axis_angles.reshape(-1, 3)).as_matrix()).float()


def write_joints_clip(path: Path, motion: Motion, missing: slice = slice(12, 15)) -> Path:
    """An observation npz of a motion's joints with a gap."""
    joints = joints_of(one_body(), motion).numpy().copy()
    joints[missing] = np.nan
    np.savez(path, fps=np.float64(motion.fps), joints3d=joints)
    return path


@dataclass
class FakeFit:
    """Behaves as `motionfit.pipeline.fit.fit` does, but knows the answer.

    Attributes:
        truth: Gives the motion for a number of frames.
        seconds: Each closure takes.
        error: Raised instead of a result.
        calls: Settings and previous result of every call.
    """

    truth: Callable[[int], Motion]
    seconds: float = 0.0
    error: Exception | None = None
    calls: list[tuple] = field(default_factory=list)

    def __call__(self, observations, body, priors, settings, progress=None, previous=None) -> FitResult:
        self.calls.append((settings, previous))
        truth = self.truth(observations.frames)
        stages = {} if previous is None else dict(previous.stages)
        began, cancelled, done = time.perf_counter(), False, 0
        total = sum(self._count(phase, settings) for stage in settings.stages for phase in phases_of(stage))
        for stage in (s for s in OPTIMISED_STAGES if s in settings.stages):
            if cancelled:
                break
            if stage == "stage3":
                stages["stage3_init"] = self._result("stage3_init", truth, (), observations)
            history: list[ClosureRecord] = []
            for phase in phases_of(stage):
                count = self._count(phase, settings)
                for iteration in range(1, count + 1):
                    if cancelled:
                        break
                    time.sleep(self.seconds)
                    if self.error is not None and stage == settings.stages[-1]:
                        raise self.error
                    history.append(_record(phase, iteration, settings, stage))
                    done += 1
                    if progress is not None:
                        told = Progress(
                            stage, phase.key, iteration, count, done / total, time.perf_counter() - began,
                            history[-1], lambda: _disturbed(truth, 0.3), dict(stages),
                        )  # fmt: skip
                        cancelled = not progress(told)
            stages[stage] = self._result(stage, truth, tuple(history), observations)
        return FitResult(
            observations, settings, stages, ((0, observations.frames),), body.content_hash, "fake priors", cancelled,
            {"skating": torch.rand(observations.frames), "acceleration": torch.rand(observations.frames)},
        )  # fmt: skip

    @staticmethod
    def _count(phase, settings) -> int:
        return settings.iterations.get(phase.key, phase.iterations)

    def _result(self, stage, truth, history, observations) -> StageResult:
        size = {"stage1": 0.2, "stage2": 0.04, "stage3_init": 0.0, "stage3": 0.02}[stage]
        motion = _disturbed(truth, size)
        if stage == "stage3_init":
            drift = torch.linspace(0, 1, truth.frames)[:, None] ** 2 * torch.tensor([0.4, 0.2, 0.0])
            motion = replace(truth, translation=truth.translation + drift.to(truth.translation))
        floor = observations.floor if observations.floor is not None else GROUND
        return StageResult(stage, motion, floor, {}, history, 0.1, "Converged: the loss no longer falls.")


def _disturbed(motion: Motion, size: float) -> Motion:
    wave = torch.sin(torch.arange(motion.frames) * 0.7)[:, None] * torch.tensor([1.0, 0.5, 0.2])
    return replace(motion, translation=motion.translation + size * wave.to(motion.translation))


def _record(phase, iteration: int, settings, stage: str) -> ClosureRecord:
    weights = settings.weights.get(stage, {})
    raw = {term: 100.0 / (1 + place) * float(np.exp(-iteration / 20)) for place, term in enumerate(weights)}
    weighted = {term: weights[term] * value for term, value in raw.items()}
    return ClosureRecord(phase.key, iteration, sum(weighted.values()), raw, weighted)


def fake_core(seconds: float = 0.0, error: Exception | None = None) -> tuple[CoreFunctions, FakeFit]:
    """Functions for the window with a pretended fit of walks (or of the demo's truth)."""
    fit = FakeFit(_truth, seconds, error)
    return CoreFunctions(fit, _no_priors, one_body, read_input, demo_path), fit


@cache
def one_body() -> BodyModel:
    """The body, read once for all tests."""
    return load_body()


@cache
def _truth(frames: int) -> Motion:
    demo = read_input(demo_path())
    assert demo.truth is not None
    return demo.truth if frames == demo.observations.frames else make_walk(frames)


def _no_priors() -> None:
    return None
