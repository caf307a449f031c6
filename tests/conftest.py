"""What every test shares: golden files, the shared data folder, one torch thread, shape checks at run time."""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import install_import_hook

HERE = Path(__file__).parent
SHARED = HERE.parent.parent / "shared" / "data"
sys.path[:0] = [str(HERE / "data" / "goldens"), str(HERE / "data")]
install_import_hook("motionfit", "beartype.beartype")
torch.set_num_threads(1)


@cache
def _load_golden(name: str) -> dict[str, np.ndarray]:
    with np.load(HERE / "data" / "goldens" / f"{name}.npz", allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


@pytest.fixture(scope="session")
def goldens():
    """Read a golden file by name."""
    return _load_golden


@pytest.fixture(scope="session")
def shared_mocap() -> Path:
    """The converted motion capture of the shared folder; tests are skipped where it is absent."""
    folder = SHARED / "mocap" / "converted"
    if not folder.is_dir():
        pytest.skip(f"needs the shared motion data at {folder}, which is not part of the repository")
    return folder
