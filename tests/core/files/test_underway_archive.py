import errno

import pytest
import torch

from motionfit.errors import OutputError
from motionfit.files import underway_archive
from motionfit.files.underway_archive import UNDERWAY_FILE, read_underway, write_underway
from motionfit.pipeline.incidents import NOT_FINITE, SMALLER_STEP, Incident
from motionfit.pipeline.result import ClosureRecord, Underway

INCIDENT = Incident("tune_x0", 2, NOT_FINITE, "joints3d", 7, 1, SMALLER_STEP)


def make(loss=2.0):
    history = (
        ClosureRecord("tune_x0", 0, loss, {"joints3d": 1.0}, {"joints3d": loss}),
        ClosureRecord("hold_x0", 3, 1.5, {"overlap": 0.5}, {"overlap": 1.5}),
    )
    variables = {"betas": torch.linspace(0, 1, 16) / 3, "motion_latents": torch.randn(2, 5, 48)}
    return Underway("stage3", ("CONVERGED", "ITERATION_LIMIT"), 7, variables, history, (INCIDENT,), 0.1 + 0.2)


def test_what_is_read_is_what_was_written_bit_for_bit(tmp_path):
    underway = make()
    write_underway(tmp_path, underway)
    found = read_underway(tmp_path)
    for name, value in underway.variables.items():
        assert torch.equal(found.variables[name], value)
    assert list(found.variables) == list(underway.variables)
    for name in ("stage", "statuses", "window_batch", "history", "incidents", "seconds"):
        assert getattr(found, name) == getattr(underway, name)


def test_nothing_kept_is_none(tmp_path):
    assert read_underway(tmp_path) is None


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    write_underway(tmp_path, make(loss=1.0))

    def fail(stream, **_):
        stream.write(b"half")
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(underway_archive.np, "savez", fail)
    with pytest.raises(OutputError, match="disk is full"):
        write_underway(tmp_path, make(loss=9.0))
    assert read_underway(tmp_path).history[0].loss == 1.0
    assert [path.name for path in tmp_path.iterdir()] == [UNDERWAY_FILE]


def test_a_damaged_file_is_named_with_what_to_do(tmp_path):
    write_underway(tmp_path, make())
    file = tmp_path / UNDERWAY_FILE
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(OutputError, match=UNDERWAY_FILE) as caught:
        read_underway(tmp_path)
    assert "Delete it" in caught.value.hint
