"""How the cost of a frame changes with the length of a clip, whose windows are fitted together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from motionfit.body.model import BodyModel
from motionfit.motion import Motion, Observations
from motionfit.pipeline.fit import fit, fit_clips
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.stages import PHASES
from motionfit.priors.checkpoints import Priors
from motionfit.simulation import simulate

SHORT = {phase.key: 4 for phase in PHASES}
"""Iterations of each phase: enough to measure closures."""

_GPU_CLIPS = 16


def measure_lengths(
    motion: Motion, spec: str, body: BodyModel, priors: Priors, settings: FitSettings, lengths: Sequence[int]
) -> list[dict[str, Any]]:
    """Few iterations on clips of several lengths.

    Returns:
        Per length the windows, the seconds, the closures of stage III, and the milliseconds that a frame costs in one
        of them.
    """
    short = replace(settings, iterations=SHORT)
    rows = []
    for frames in lengths:
        observed = simulate(back_and_forth(motion, frames), body, spec, 0)
        began = time.perf_counter()
        result = fit(observed, body, priors, short)
        seconds = time.perf_counter() - began
        stage = result.stages["stage3"]
        rows.append(
            {
                "frames": frames,
                "windows": len(result.windows),
                "seconds": seconds,
                "stage3_seconds": stage.seconds,
                "stage3_closures": len(stage.history),
                "ms_per_frame": 1000.0 * stage.seconds / (frames * len(stage.history)),
            }
        )
    return rows


def measure_gpu(observed: Observations, body: BodyModel, priors: Priors, settings: FitSettings) -> dict[str, Any]:
    """The seconds that a GPU takes for sixteen clips at once, or why there are none."""
    if not torch.cuda.is_available():
        return {"skipped": "there is no CUDA device"}
    on_gpu = replace(settings, device="cuda")
    fit(observed, body, priors, replace(on_gpu, iterations=SHORT))
    began = time.perf_counter()
    fit_clips([observed] * _GPU_CLIPS, body, priors, on_gpu)
    return {"device": torch.cuda.get_device_name(), "clips": _GPU_CLIPS, "seconds": time.perf_counter() - began}


def back_and_forth(motion: Motion, frames: int) -> Motion:
    """A motion of any length without a jump: forth, back, forth and so on."""
    there = torch.arange(motion.frames)
    cycle = torch.cat([there, there.flip(0)])
    chosen = cycle.repeat(-(-frames // len(cycle)))[:frames]
    return replace(
        motion,
        translation=motion.translation[chosen],
        root_orientation=motion.root_orientation[chosen],
        body_pose=motion.body_pose[chosen],
        contacts=None if motion.contacts is None else motion.contacts[chosen],
    )
