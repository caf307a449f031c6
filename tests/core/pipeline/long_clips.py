"""A program: fits clips of several lengths with hardly any iterations and prints the most memory that each needed.

    long_clips.py FRAMES FRAMES …

with the folder of `formulas` on the path.
The numbers are megabytes above what the process held before: of the fit, and of its metrics.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import formulas
import torch

from motionfit.body.load import load_body
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.metrics import evaluate
from motionfit.motion import Motion
from motionfit.pipeline.fit import fit
from motionfit.pipeline.settings import load_preset
from motionfit.priors.checkpoints import load_priors
from motionfit.simulation import simulate

ONE_CLOSURE = {"root": 0, "pose": 0, "tune_x0": 0, "hold_x0": 0, "refine": 0}


def walk(frames):
    translation, root, pose, _ = formulas.walk(frames, 0)
    turned = [rotation_from_axis_angle(torch.from_numpy(each).float()) for each in (root, pose.reshape(frames, 21, 3))]
    return Motion(30.0, torch.from_numpy(translation).float(), *turned, torch.zeros(16))


def memory(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def peak(work):
    """The result of some work and the most memory during it, beyond what there was before."""
    Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmRSS")
    result = work()
    return result, memory("VmHWM") - before


def measure(frames, body, priors):
    truth = walk(frames)
    observed = simulate(truth, body, "noise=0.02", 0)
    settings = replace(load_preset("joints3d"), iterations=ONE_CLOSURE, window_batch=4)
    result, fitting = peak(lambda: fit(observed, body, priors, settings))
    _, measuring = peak(lambda: evaluate(result.final.motion, truth, body, observed, result.final.floor))
    return {"frames": frames, "fit": fitting, "evaluate": measuring}


if __name__ == "__main__":
    torch.set_num_threads(1)
    model, nets = load_body(), load_priors()
    measure(120, model, nets)
    print(json.dumps([measure(int(frames), model, nets) for frames in sys.argv[1:]]))
