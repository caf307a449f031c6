"""Find and read body files; what a file is, is told by its content, not by its name."""

from __future__ import annotations

import hashlib
import os
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import torch

from motionfit.body.model import BodyModel, Surface
from motionfit.body.restricted_pickle import read_body_pickle
from motionfit.body.skeleton import BODY_JOINTS, PARENTS, POSED_JOINTS, SMPLH_JOINTS
from motionfit.errors import BodyError

BODY_ENVIRONMENT_VARIABLE = "MOTIONFIT_BODY"
SHAPE_COEFFICIENTS = 16
_FAMILY = {24: "SMPL", 52: "SMPL-H", 55: "SMPL-X"}
_NEEDED = ("v_template", "f", "shapedirs", "posedirs", "J_regressor", "weights")


def open_body_path() -> Path:
    """The body that ships with MotionFit."""
    return Path(str(resources.files("motionfit_resources") / "body" / "open_body_neutral.npz"))


def user_body_folder() -> Path:
    """Where a user's own body files are looked for."""
    return Path(platformdirs.user_data_dir("motionfit")) / "bodies"


def default_body_path() -> Path:
    """The body to use where none is named: the environment variable's, the user's folder's, else the open body."""
    named = os.environ.get(BODY_ENVIRONMENT_VARIABLE)
    if named:
        return Path(named)
    own = sorted(user_body_folder().glob("*.npz")) + sorted(user_body_folder().glob("*.pkl"))
    return own[0] if own else open_body_path()


def load_body(path: Path | None = None) -> BodyModel:
    """Read an SMPL-H body file (.npz or .pkl).

    Args:
        path: The file; by default `default_body_path()`.

    Returns:
        The body in float32 on the CPU.

    Raises:
        BodyError: The file is missing, damaged or of another kind; the message says which.
    """
    path = default_body_path() if path is None else path
    if not path.is_file():
        raise BodyError(f"There is no body file at {path}.", "Give an SMPL-H .npz or .pkl, or leave --body out.")
    content = read_body_pickle(path) if path.suffix == ".pkl" else _read_npz(path)
    _check(content, path)
    return _build(content, hashlib.sha256(path.read_bytes()).hexdigest())


def _read_npz(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            wanted = [key for key in archive.files if key in (*_NEEDED, "kintree_table", "gender")]
            return {key: archive[key] for key in wanted}
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise BodyError(f"{path} is damaged or is not an npz file ({error}).", "Copy the file again.") from error
    except ValueError as error:
        raise BodyError(
            f"{path} holds pickled objects, which may run code.",
            "Re-save it as plain arrays or give the .pkl.",
        ) from error


def _check(content: dict[str, Any], path: Path) -> None:
    missing = [key for key in _NEEDED if key not in content]
    if missing:
        raise BodyError(
            f"{path} is not a body file: it has no {', '.join(missing)}.", "Give an SMPL-H .npz or .pkl file."
        )
    joints = int(np.asarray(content["weights"]).shape[-1])
    family = _FAMILY.get(joints)
    if family is None:
        raise BodyError(f"{path} has {joints} joints; a body of the SMPL family has 24, 52 or 55.")
    if joints != SMPLH_JOINTS:
        raise BodyError(
            f"{path} is an {family} body ({joints} joints), and fits need SMPL-H (52 joints).",
            "Download SMPL-H (or use the open body by leaving --body out): its first 22 joints are the same.",
        )
    count = np.asarray(content["v_template"]).shape[0]
    columns = (SMPLH_JOINTS - 1) * 9
    if np.asarray(content["posedirs"]).shape != (count, 3, columns):
        raise BodyError(
            f"{path}: posedirs has the shape {np.asarray(content['posedirs']).shape}, not {(count, 3, columns)}."
        )
    parents = np.asarray(content.get("kintree_table", np.array([PARENTS])))[0, 1:BODY_JOINTS].astype(np.int64)
    if tuple(parents) != PARENTS[1:]:
        raise BodyError(f"{path}: the joint tree differs from SMPL-H's.", "Give an SMPL-H file as it was published.")


def _build(content: dict[str, Any], content_hash: str) -> BodyModel:
    template = np.asarray(content["v_template"], np.float64)
    count = template.shape[0]
    directions = np.zeros((count, 3, SHAPE_COEFFICIENTS))
    given = np.asarray(content["shapedirs"], np.float64)[..., :SHAPE_COEFFICIENTS]
    directions[..., : given.shape[-1]] = given
    regressor = np.asarray(content["J_regressor"], np.float64)[:BODY_JOINTS]
    pose_directions = np.asarray(content["posedirs"], np.float64)[..., : POSED_JOINTS * 9]
    gender = str(np.asarray(content.get("gender", "neutral")))
    return BodyModel(
        kind="SMPL-H",
        gender=gender,
        content_hash=content_hash,
        faces=torch.from_numpy(np.asarray(content["f"]).astype(np.int64)),
        joint_template=_tensor(regressor @ template),
        joint_shape_directions=_tensor(np.einsum("jv,vck->jck", regressor, directions)),
        surface=Surface(
            _tensor(template),
            _tensor(directions),
            _tensor(pose_directions.transpose(2, 0, 1).reshape(POSED_JOINTS * 9, count * 3)),
            _tensor(_fold_hands(np.asarray(content["weights"], np.float64))),
        ),
    )


def _fold_hands(weights: np.ndarray) -> np.ndarray:
    """Give the finger joints' weights to the wrists: with flat hands their transforms are the same."""
    folded = weights[:, :BODY_JOINTS].copy()
    fingers = (SMPLH_JOINTS - BODY_JOINTS) // 2
    folded[:, 20] += weights[:, BODY_JOINTS : BODY_JOINTS + fingers].sum(1)
    folded[:, 21] += weights[:, BODY_JOINTS + fingers :].sum(1)
    return folded


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(torch.float32)
