"""A small collection of generated motion in AMASS layout, and a body by formula."""

import formulas
import numpy as np
import pytest
import torch

from motionfit.body.load import load_body
from motionfit.datasets.clips import labelled_states, read_clips
from motionfit.priors.state import MotionState


@pytest.fixture(scope="session")
def body(tmp_path_factory):
    path = tmp_path_factory.mktemp("body") / "body.npz"
    np.savez(path, **formulas.make_body())
    return load_body(path)


def write_walk(path, frames, sequence, **fields):
    translation, root, pose, _ = formulas.walk(frames, sequence)
    poses = np.zeros((frames, 156), np.float32)
    poses[:, :3], poses[:, 3:66] = root, pose
    content = {
        "poses": poses,
        "trans": translation.astype(np.float32),
        "betas": np.zeros(16, np.float32),
        "mocap_framerate": 30,
        "kind": "walk",
        "floor": "flat",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **(content | fields))


@pytest.fixture(scope="session")
def collection(tmp_path_factory):
    """Folder with train/ (three walks, one of them on equipment) and val/ (one)."""
    folder = tmp_path_factory.mktemp("collection")
    for sequence in range(2):
        write_walk(folder / "train" / f"walk_{sequence}.npz", 40, sequence)
    write_walk(folder / "train" / "stairs.npz", 30, 2, floor="equipment", kind="climb")
    write_walk(folder / "val" / "walk_9.npz", 30, 5)
    return folder


@pytest.fixture
def write():
    return write_walk


@pytest.fixture(scope="session")
def collection_states(collection, body):
    """Two windows of ten frames of the collection."""
    recordings = [labelled_states(clip, body) for clip in read_clips(collection / "train", body)[1:]]
    return MotionState.unpack(torch.stack([recording.states.pack()[:10] for recording in recordings]))
