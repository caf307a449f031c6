"""What is no dataset, and what is a damaged one."""

import json

import numpy as np
import pytest
import torch

from motionfit.datasets.manifest import MANIFEST_FILE
from motionfit.datasets.prepare import prepare
from motionfit.datasets.prepared import open_dataset
from motionfit.datasets.settings import PrepareSettings
from motionfit.errors import InputError


@pytest.fixture
def dataset(tmp_path, write):
    for number in range(3):
        write(tmp_path / "own" / str(number) / "walk.npz", 40, number, betas=np.full(16, 0.5, np.float32))
    settings = PrepareSettings(sources=(str(tmp_path / "own"),), output=str(tmp_path / "out"), split="equal-thirds")
    prepare(settings, 1, False, lambda *_: True)
    return tmp_path / "out"


def change_manifest(folder, **changes):
    content = json.loads((folder / MANIFEST_FILE).read_text())
    content = {key: value for key, value in {**content, **changes}.items() if value is not None}
    (folder / MANIFEST_FILE).write_text(json.dumps(content))


def test_what_is_no_dataset_is_told(tmp_path, write):
    with pytest.raises(InputError, match="There is no dataset"):
        open_dataset(tmp_path / "gone")
    write(tmp_path / "motion/a.npz", 5, 0)
    with pytest.raises(InputError, match="not a prepared dataset") as caught:
        open_dataset(tmp_path / "motion")
    assert "1 npz files" in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"layout": 2}, "has the layout 2, and this version reads layout 1"),
        ({"kind": "another"}, "not the manifest"),
        ({"clips": None}, "has no clips"),
        ({"clips": [{"name": "x"}]}, "a clip is not complete"),
    ],
)
def test_another_manifest_is_refused(dataset, changes, said):
    change_manifest(dataset, **changes)
    with pytest.raises(InputError, match=said):
        open_dataset(dataset)


def test_a_cut_manifest_is_refused(dataset):
    (dataset / MANIFEST_FILE).write_text((dataset / MANIFEST_FILE).read_text()[:-20])
    with pytest.raises(InputError, match="damaged"):
        open_dataset(dataset)


def test_damaged_arrays_are_refused(dataset):
    (poses,) = dataset.glob("arrays-*/val/poses.npy")
    content = poses.read_bytes()
    poses.write_bytes(content[:-4])
    with pytest.raises(InputError, match=r"poses.npy has \d+ bytes"):
        open_dataset(dataset)
    poses.unlink()
    with pytest.raises(InputError, match=r"poses.npy is missing"):
        open_dataset(dataset)
    poses.write_bytes(b"x" * len(content))
    with pytest.raises(InputError, match="cannot be read"):
        open_dataset(dataset)


def test_changed_numbers_are_found(dataset):
    (poses,) = dataset.glob("arrays-*/val/poses.npy")
    content = bytearray(poses.read_bytes())
    content[-3] ^= 1
    poses.write_bytes(content)
    assert open_dataset(dataset).damaged_arrays() == ["val/poses.npy"]


def test_arrays_are_maps_that_cannot_be_changed(dataset):
    arrays = open_dataset(dataset).arrays["train"]
    assert isinstance(arrays["poses"], np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        arrays["poses"][0] = 0.0


def test_shapes_of_the_open_body_are_means(dataset, body):
    (clip,) = open_dataset(dataset).clips("train", body)
    assert torch.equal(clip.betas, torch.zeros(16))
