import pickle

import formulas
import numpy as np
import pytest
import torch
from scipy import sparse

from motionfit.body.load import BODY_ENVIRONMENT_VARIABLE, default_body_path, load_body, open_body_path
from motionfit.body.model import vertices
from motionfit.errors import BodyError


@pytest.fixture(scope="module")
def content():
    return formulas.make_body()


@pytest.fixture(scope="module")
def npz(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("bodies") / "model.npz"
    np.savez(path, **content)
    return path


class Ch:
    """Stands for chumpy's array when the test writes a pickle as the published bodies are."""

    __module__ = "chumpy.ch"

    def __init__(self, x):
        self.x = x


def write_pickle(path, content, monkeypatch):
    import sys
    import types

    package, module = types.ModuleType("chumpy"), types.ModuleType("chumpy.ch")
    module.Ch = Ch
    monkeypatch.setitem(sys.modules, "chumpy", package)
    monkeypatch.setitem(sys.modules, "chumpy.ch", module)
    path.write_bytes(pickle.dumps(content, protocol=2))


def test_a_pickle_with_chumpy_and_sparse_arrays_equals_the_npz(content, npz, tmp_path, monkeypatch):
    official = content | {
        "v_template": Ch(content["v_template"]),
        "shapedirs": Ch(content["shapedirs"]),
        "J_regressor": sparse.csc_matrix(content["J_regressor"]),
    }
    path = tmp_path / "SMPLH_MALE.pkl"
    write_pickle(path, official, monkeypatch)
    first, second = load_body(path), load_body(npz)
    torch.testing.assert_close(first.joint_template, second.joint_template)
    still = torch.eye(3).expand(1, 1, 3, 3)
    pose = torch.eye(3).expand(1, 1, 21, 3, 3)
    arguments = (torch.ones(1, 16), torch.zeros(1, 1, 3), still, pose)
    torch.testing.assert_close(vertices(first, *arguments), vertices(second, *arguments))


class Malicious:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (eval, (f"open({str(self.target)!r}, 'w').close()",))


def test_a_pickle_that_asks_for_code_is_refused_and_nothing_runs(content, tmp_path):
    target = tmp_path / "ran"
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps({"v_template": Malicious(target)}, protocol=2))
    with pytest.raises(BodyError, match="eval"):
        load_body(path)
    assert not target.exists()


def test_an_npz_with_pickled_objects_is_refused(content, tmp_path):
    path = tmp_path / "bad.npz"
    np.savez(path, **(content | {"weights": np.array([{"a": 1}], dtype=object)}))
    with pytest.raises(BodyError, match="pickled objects"):
        load_body(path)


@pytest.mark.parametrize(("joints", "family"), [(24, "SMPL"), (55, "SMPL-X")])
def test_other_families_are_named(content, tmp_path, joints, family):
    vertices_count = content["v_template"].shape[0]
    other = content | {
        "weights": np.zeros((vertices_count, joints)),
        "posedirs": np.zeros((vertices_count, 3, (joints - 1) * 9), np.float32),
    }
    path = tmp_path / "other.npz"
    np.savez_compressed(path, **other)
    with pytest.raises(BodyError) as caught:
        load_body(path)
    assert f"{family} body" in caught.value.message
    assert "SMPL-H" in caught.value.hint


def test_missing_files_wrong_files_and_truncated_files_are_named(npz, tmp_path):
    with pytest.raises(BodyError, match="no body file"):
        load_body(tmp_path / "none.npz")
    np.savez(tmp_path / "motion.npz", poses=np.zeros((3, 156)))
    with pytest.raises(BodyError, match="not a body file"):
        load_body(tmp_path / "motion.npz")
    (tmp_path / "cut.npz").write_bytes(npz.read_bytes()[:1000])
    with pytest.raises(BodyError, match="damaged"):
        load_body(tmp_path / "cut.npz")
    (tmp_path / "cut.pkl").write_bytes(b"not a pickle")
    with pytest.raises(BodyError, match="damaged"):
        load_body(tmp_path / "cut.pkl")


def test_a_file_with_ten_shape_directions_gets_zeros_for_the_rest(content, npz, tmp_path):
    path = tmp_path / "ten.npz"
    np.savez(path, **(content | {"shapedirs": content["shapedirs"][..., :10]}))
    body, full = load_body(path), load_body(npz)
    assert (body.surface.shape_directions[..., 10:] == 0).all()
    torch.testing.assert_close(body.surface.shape_directions[..., :10], full.surface.shape_directions[..., :10])


def test_the_environment_variable_comes_before_the_open_body(npz, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv(BODY_ENVIRONMENT_VARIABLE, raising=False)
    assert default_body_path() == open_body_path()
    monkeypatch.setenv(BODY_ENVIRONMENT_VARIABLE, str(npz))
    assert default_body_path() == npz
