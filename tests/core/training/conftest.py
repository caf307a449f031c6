"""A small collection of generated motion in AMASS layout, and a body by formula."""

import pytest
import torch
from recorded_walks import write_collection, write_walk

from motionfit.body.load import load_body
from motionfit.datasets.clips import labelled_states, read_clips
from motionfit.priors.state import MotionState


@pytest.fixture(scope="session")
def body(body_file):
    return load_body(body_file)


@pytest.fixture(scope="session")
def collection(tmp_path_factory):
    return write_collection(tmp_path_factory.mktemp("collection"))


@pytest.fixture
def write():
    return write_walk


@pytest.fixture(scope="session")
def collection_states(collection, body):
    """Two windows of ten frames of the collection."""
    recordings = [labelled_states(clip, body) for clip in read_clips(collection / "train", body)[1:]]
    return MotionState.unpack(torch.stack([recording.states.pack()[:10] for recording in recordings]))
