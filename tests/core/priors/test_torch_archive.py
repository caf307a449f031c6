"""Checkpoints are read, and what they would run is not."""

import argparse
import functools
import os
import pathlib
import pickle
import types
import typing
import zipfile
from collections import defaultdict

import numpy as np
import published_checkpoints
import pytest
import torch

from motionfit.errors import CheckpointError
from motionfit.priors.torch_archive import Placeholder, read_torch_file


class Attack:
    """Runs a command when it is unpickled the ordinary way."""

    def __init__(self, marker, call=os.system):
        self.marker, self.call = marker, call

    def __reduce__(self):
        return self.call, (f"touch {self.marker}",)


class Hidden:
    """An attack that looks like an attribute of a builtin."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return getattr, (Attack(self.marker), "marker")


@pytest.fixture
def tensors():
    return {
        "turned": torch.arange(6.0).view(2, 3).T,
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "half": torch.tensor([1.5], dtype=torch.float16),
        "double": torch.tensor([0.1], dtype=torch.float64),
        "brain": torch.tensor([2.0], dtype=torch.bfloat16),
        "count": torch.tensor(7),
        "none": torch.empty(0),
        "part": torch.arange(10.0)[4:6],
    }


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(found[name], tensor), name
        assert found[name].dtype == tensor.dtype


@pytest.mark.parametrize("is_zip", [True, False])
def test_plain_tensors_are_read_from_both_formats_of_torch(tmp_path, tensors, is_zip):
    torch.save({"state_dict": tensors, "epoch": 3}, tmp_path / "a.pt", _use_new_zipfile_serialization=is_zip)
    content = read_torch_file(tmp_path / "a.pt")
    assert_same(content.value["state_dict"], tensors)
    assert content.inert == ()


def test_objects_of_libraries_become_placeholders_and_the_tensors_are_the_same(tmp_path, tensors):
    with published_checkpoints.dotmap({"lr": 1e-3}) as settings:
        held = {
            "hyper_parameters": settings,
            "namespace": argparse.Namespace(a=1, b=[2]),
            "path": pathlib.PurePosixPath("/x"),
            "default": defaultdict(list, {"a": [1]}),
            "set": {1, 2},
            "callbacks": {type(settings): {"best": np.float32(0.03), "scores": np.zeros(3)}},
            "device": torch.device("cuda:0"),
            "annotation": typing.Any,
            "nothing": type(None),
            "activation": functools.partial(torch.nn.functional.leaky_relu, negative_slope=0.2),
            "class of old": types.SimpleNamespace(a=1),
        }
        torch.save({"state_dict": tensors, **held}, tmp_path / "a.ckpt")
    content = read_torch_file(tmp_path / "a.ckpt")
    assert_same(content.value["state_dict"], tensors)
    assert isinstance(content.value["hyper_parameters"], Placeholder)
    assert isinstance(content.value["namespace"], Placeholder)
    assert {"dotmap.DotMap", "argparse.Namespace"} <= set(content.inert)


def test_tensors_of_a_gpu_are_read_where_there_is_none(tmp_path, tensors):
    path = tmp_path / "a.ckpt"
    torch.save({"state_dict": tensors, "namespace": argparse.Namespace()}, path)
    place = b"X\x03\x00\x00\x00cpu"
    rewrite(path, lambda name, content: content.replace(place, b"X\x06\x00\x00\x00cuda:0"))
    with zipfile.ZipFile(path) as archive:
        assert b"cuda:0" in archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))
    assert_same(read_torch_file(path).value["state_dict"], tensors)


ATTACKS = {
    "os.system": (Attack, "system"),
    "eval": (lambda marker: Attack(marker, eval), "eval"),
    "getattr": (Hidden, "getattr"),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("suffix", ["ckpt", "pth"])
@pytest.mark.parametrize("place", ["hyper_parameters", "weight"])
def test_a_payload_is_refused_by_name_and_not_run(tmp_path, tensors, attack, is_zip, suffix, place):
    make, name = ATTACKS[attack]
    marker = tmp_path / "ran"
    state = {**tensors, "weight": make(marker)} if place == "weight" else tensors
    path = tmp_path / f"a.{suffix}"
    held = make(marker) if place == "hyper_parameters" else {}
    torch.save({"state_dict": state, "hyper_parameters": held}, path, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(CheckpointError, match=rf"asks to load [\w.]*{name}.*could run code") as caught:
        read_torch_file(path)
    assert str(path) in caught.value.message
    assert "torch.save" in caught.value.hint
    assert not marker.exists()


def test_the_payload_would_have_run(tmp_path):
    pickle.loads(pickle.dumps(Attack(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()


def test_a_function_of_a_library_is_not_called(tmp_path, tensors):
    class Called:
        def __reduce__(self):
            return torch.hub.load, (str(tmp_path), "anything")

    torch.save({"state_dict": tensors, "hyper_parameters": Called()}, tmp_path / "a.ckpt")
    content = read_torch_file(tmp_path / "a.ckpt")
    assert content.inert == ("torch.hub.load",)
    assert isinstance(content.value["hyper_parameters"], Placeholder)


def rewrite(path, change):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            changed = change(name, content)
            if changed is not None:
                archive.writestr(name, changed)


DAMAGES = {
    "cut pickle": lambda name, content: content[:-40] if name.endswith("data.pkl") else content,
    "lost storage": lambda name, content: None if name.endswith("data/0") else content,
    "short storage": lambda name, content: content[:4] if name.endswith("data/0") else content,
    "noise": lambda name, content: b"\x00\xff" * 20 if name.endswith("data.pkl") else content,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("is_plain", [True, False])
def test_damage_inside_is_told(tmp_path, tensors, damage, is_plain):
    path = tmp_path / "a.ckpt"
    torch.save({"state_dict": tensors, "h": {} if is_plain else argparse.Namespace(a=1)}, path)
    rewrite(path, DAMAGES[damage])
    with pytest.raises(CheckpointError, match="is damaged or truncated"):
        read_torch_file(path)


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_file_is_told(tmp_path, tensors, is_zip, share):
    path = tmp_path / "a.pth"
    torch.save({"state_dict": tensors}, path, _use_new_zipfile_serialization=is_zip)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(CheckpointError, match="is damaged or truncated"):
        read_torch_file(path)
