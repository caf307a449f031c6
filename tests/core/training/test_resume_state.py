"""The file that resuming needs: whole or refused, and never a pickle."""

import json
import pickle

import pytest
import torch

from motionfit.errors import CheckpointError
from motionfit.training.resume_state import read_resume_state, write_resume_state


@pytest.fixture
def trained():
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.Adam(module.parameters(), fused=True)
    for _ in range(3):
        optimizer.zero_grad()
        module(torch.randn(5, 3)).square().sum().backward()
        optimizer.step()
    return module, optimizer


def test_a_step_after_reading_is_the_step_that_would_have_been(trained, tmp_path):
    module, optimizer = trained
    write_resume_state(tmp_path / "state", module, optimizer, ({"score": 0.1 + 0.2},))
    state = read_resume_state(tmp_path / "state")
    assert state.history == ({"score": 0.1 + 0.2},)
    other = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    other_optimizer = torch.optim.Adam(other.parameters(), fused=True)
    state.restore(other)
    state.restore_optimizer(other_optimizer)
    batch = torch.randn(5, 3)
    for network, adam in ((module, optimizer), (other, other_optimizer)):
        adam.zero_grad()
        network(batch).square().sum().backward()
        adam.step()
    assert all(torch.equal(one, two) for one, two in zip(module.parameters(), other.parameters(), strict=True))


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


@pytest.mark.parametrize("content", [b"", b"short", pickle.dumps(Trap())])
def test_anything_else_is_refused(content, tmp_path):
    (tmp_path / "state").write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        read_resume_state(tmp_path / "state")


def test_a_file_that_is_cut_is_refused(trained, tmp_path):
    write_resume_state(tmp_path / "state", *trained, ())
    whole = (tmp_path / "state").read_bytes()
    (tmp_path / "state").write_bytes(whole[:-10])
    with pytest.raises(CheckpointError, match="damaged"):
        read_resume_state(tmp_path / "state")
    with pytest.raises(CheckpointError, match="no run to resume"):
        read_resume_state(tmp_path / "none")


def test_a_file_of_tensors_without_history_is_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"weights.a": torch.zeros(1)}, tmp_path / "state")
    with pytest.raises(CheckpointError, match="damaged"):
        read_resume_state(tmp_path / "state")
    save_file({"weights.a": torch.zeros(1)}, tmp_path / "state", {"history": json.dumps([])})
    assert list(read_resume_state(tmp_path / "state").weights) == ["a"]
