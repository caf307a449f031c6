import pytest
import torch

from motionfit.pipeline import memory
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.contacts import Contacts
from motionfit.pipeline.data_terms import DataTerms
from motionfit.pipeline.ground import Ground
from motionfit.pipeline.initialise_rollout import start_rollout
from motionfit.pipeline.initialise_root import root_from_points
from motionfit.pipeline.memory import usable_memory, window_bytes, windows_at_once
from motionfit.pipeline.pose_stage import PoseStage, start_values
from motionfit.pipeline.rollout_stage import RolloutStage
from motionfit.pipeline.settings import load_preset
from motionfit.pipeline.stages import PHASES
from motionfit.simulation import simulate
from motionfit.solve.minimise import MEMORY

from .conftest import walk

CPU = torch.device("cpu")
LENGTH, WINDOWS = 60, 8


@pytest.mark.parametrize(("preset", "seen"), [("joints3d", "noise=0.02"), ("keypoints3d", "below=0.5")])
def test_the_estimate_covers_what_a_closure_keeps_and_is_not_twice_as_much(body, priors, preset, seen):
    batch, data = make_batch([simulate(walk(LENGTH), body, seen)]), DataTerms.of(body)
    poses = PoseStage(body, priors.pose, data, batch)
    windows = ((0, LENGTH),) * WINDOWS
    ground = Ground.held(batch.floor_normal, batch.floor_offset)
    stage = RolloutStage(body, priors, data, batch.windows(windows), windows, ground, Contacts.of(body))
    values = start_rollout(poses, start_values(*root_from_points(body, batch)), stage)
    kept = kept_by_autograd(stage, values, load_preset(preset).weights["stage3"], priors)
    steps_and_gradients = 2 * MEMORY * sum(value.nbytes for value in values.values())
    measured = (kept + steps_and_gradients) / WINDOWS
    assert measured < window_bytes(LENGTH) < 2.0 * measured


def kept_by_autograd(stage, values, weights, priors):
    """Bytes of all distinct tensors between the forward and the backward pass, without the priors' own."""
    own = {each.untyped_storage().data_ptr() for net in (priors.pose, priors.motion) for each in net.parameters()}
    found = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        found[storage.data_ptr()] = storage.nbytes()
        return tensor

    points = {name: value.detach().requires_grad_() for name, value in values.items()}
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        terms = stage.terms(points, [term for term in PHASES[-1].terms if weights.get(term)])
    assert terms
    return sum(size for place, size in found.items() if place not in own)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Say how much memory there is."""

    def say(available, limit="max", used=0):
        for name, text in (
            ("_MEMORY_TABLE", f"MemTotal: 9 kB\nMemAvailable:   {available // 1024} kB\n"),
            ("_GROUP_LIMIT", f"{limit}\n"),
            ("_GROUP_USED", f"{used}\n"),
        ):
            (tmp_path / name).write_text(text)
            monkeypatch.setattr(memory, name, tmp_path / name)

    return say


def test_a_fit_takes_a_quarter_of_what_is_free(machine):
    machine(2**30)
    assert usable_memory(CPU) == 2**28


def test_the_limit_of_a_container_counts(machine):
    machine(2**40, limit=2**30, used=2**29)
    assert usable_memory(CPU) == 2**27
    machine(2**40, limit=2**20, used=2**29)
    assert usable_memory(CPU) == 0


def test_large_machines_make_the_same_batches(machine):
    machine(2**34)
    usual = windows_at_once(60, 1, CPU)
    machine(2**40)
    assert windows_at_once(60, 1, CPU) == usual
    assert usual > 36  # a minute of video


def test_clips_side_by_side_share_and_one_window_always_fits(machine):
    machine(2**34)
    assert windows_at_once(60, 4, CPU) == windows_at_once(60, 1, CPU) // 4
    machine(2**20)
    assert windows_at_once(60, 1, CPU) == 1
