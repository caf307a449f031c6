"""A small collection of generated motion in AMASS layout, and a body by formula."""

import pytest
from recorded_walks import write_collection, write_walk

from motionfit.body.load import load_body


@pytest.fixture(scope="session")
def body(body_file):
    return load_body(body_file)


@pytest.fixture(scope="session")
def collection(tmp_path_factory):
    return write_collection(tmp_path_factory.mktemp("collection"))


@pytest.fixture
def write():
    return write_walk
