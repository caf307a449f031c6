from dataclasses import replace

import pytest
import torch

from motionfit.errors import SettingsError
from motionfit.metrics.drift import joints_of
from motionfit.pipeline.device import resolve_device, torch_threads
from motionfit.pipeline.fit import fit


def test_names_of_devices():
    assert resolve_device("cpu").type == "cpu"
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "meta"])
def test_devices_that_are_not_here_are_refused_with_a_hint(name):
    with pytest.raises(SettingsError) as caught:
        resolve_device(name)
    assert caught.value.hint


def test_threads_are_restored():
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and torch sees none here")
def test_a_fit_on_cuda_agrees_with_the_cpu(noisy, body, priors, quick):
    settings = replace(quick, iterations={"root": 5, "pose": 5, "tune_x0": 1, "hold_x0": 1, "refine": 1})
    on_cpu = fit(noisy, body, priors, replace(settings, device="cpu"))
    on_cuda = fit(noisy, body, priors, replace(settings, device="cuda"))
    assert on_cuda.final.motion.translation.device.type == "cpu"
    apart = joints_of(body, on_cpu.stages["stage2"].motion) - joints_of(body, on_cuda.stages["stage2"].motion)
    assert apart.abs().max() < 5e-3
