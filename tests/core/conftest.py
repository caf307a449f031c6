"""A body, a short motion and small prepared datasets that every test of the core may use."""

import hashlib
import json
import math
from dataclasses import fields

import formulas
import numpy as np
import pytest
import torch

from motionfit.body.load import load_body, open_body_path
from motionfit.body.model import vertices
from motionfit.datasets.manifest import KIND, LAYOUT, MANIFEST_FILE, ClipRecord, Manifest
from motionfit.datasets.store import write_arrays
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.motion import Motion

FRAMES = 24


def _turn(x, y, z):
    return rotation_from_axis_angle(torch.stack([x, y, z], -1))


@pytest.fixture(scope="session")
def open_body():
    return load_body(open_body_path())


@pytest.fixture(scope="session")
def walking(open_body):
    """24 frames of marching forward at 30 fps in the world frame, the lowest sole on the floor."""
    time = torch.arange(FRAMES) / 30.0
    swing, zero = 0.5 * torch.sin(2 * math.pi * 1.2 * time), torch.zeros(FRAMES)
    pose = torch.eye(3).repeat(FRAMES, 21, 1, 1)
    pose[:, 0], pose[:, 1] = _turn(-swing, zero, zero), _turn(swing, zero, zero)
    pose[:, 3], pose[:, 4] = _turn(0.3 + swing.abs(), zero, zero), _turn(0.3 + swing.abs(), zero, zero)
    pose[:, 15], pose[:, 16] = _turn(zero, zero, zero - 1.1), _turn(zero, zero, zero + 1.1)
    upright = rotation_from_axis_angle(torch.tensor([math.pi / 2, 0.0, 0.0]))
    root = _turn(zero, zero, 0.2 + 0.1 * time) @ upright
    betas = torch.zeros(16)
    betas[0] = 0.5
    place = torch.stack([0.3 * time, -0.9 * time, zero], -1)
    lowest = vertices(open_body, betas, place, root, pose)[..., 2].amin(1)
    place[:, 2] -= lowest
    return Motion(30.0, place, root, pose, betas)


@pytest.fixture(scope="session")
def body_file(tmp_path_factory):
    """The small body by formula."""
    path = tmp_path_factory.mktemp("body") / "body.npz"
    np.savez(path, **formulas.make_body())
    return path


@pytest.fixture(scope="session")
def write_dataset(body_file):
    """Write a prepared dataset of generated walks: per split, frames, number and floor of each clip."""
    body = load_body(body_file)

    def write(folder, splits, **manifest):
        clips, files, digest = [], {}, hashlib.sha256()
        folder.mkdir(parents=True)
        for split, walks in splits.items():
            parts = [_walk(body, frames, number) for frames, number, _ in walks]
            clips += [_record(split, *walk) for walk in walks]
            rows = {name: sum(len(part[name]) for part in parts) for name in parts[0]}
            files |= write_arrays(folder / "arrays" / split, rows, parts)
            digest.update(b"".join(part["poses"].tobytes() for part in parts))
        what = {"kind": body.kind, "gender": body.gender, "sha256": body.content_hash}
        known = {"hash": digest.hexdigest(), "arrays": "arrays", "fps": 30.0, "body": what, "files": files}
        content = (
            {field.name: {} if field.type.startswith("Mapping") else [] for field in fields(Manifest)}
            | known
            | {"clips": clips}
            | manifest
        )
        (folder / MANIFEST_FILE).write_text(json.dumps({"kind": KIND, "layout": LAYOUT} | content))
        return folder

    return write


def _walk(body, frames, number):
    translation, root, pose, _ = formulas.walk(frames, number)
    return {
        "poses": np.concatenate([root, pose], 1).astype(np.float32),
        "trans": translation.astype(np.float32),
        "contacts": (np.arange(frames * 9).reshape(frames, 9) // 45 % 2).astype(np.uint8),
        "betas": np.zeros((1, 16), np.float32),
        "rest_joints": body.joint_template.numpy()[None],
    }


def _record(split, frames, number, floor):
    words = {field.name: "" for field in fields(ClipRecord)}
    numbers = {"floor_height": 0.0, "flips": 0, "source_fps": 30.0, "source_frames": frames, "uses_betas": False}
    kind = {
        "name": f"walk_{number}",
        "kind": "walk",
        "source": "CMU",
        "subject": f"subject_{number}",
        "licence": "free",
    }
    return words | numbers | kind | {"split": split, "frames": frames, "floor": floor}


@pytest.fixture(scope="session")
def dataset(write_dataset, tmp_path_factory):
    """Three walks to train on (one of them over objects), one to validate with, one to test."""
    splits = {
        "train": [(40, 0, "flat"), (40, 1, "flat"), (30, 2, "objects")],
        "val": [(30, 5, "flat")],
        "test": [(30, 7, "flat")],
    }
    return write_dataset(tmp_path_factory.mktemp("dataset") / "walks", splits)
