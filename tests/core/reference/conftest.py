"""The body, priors and weights that the golden fits were made with, in double precision."""

import formulas
import numpy as np
import pytest
import torch

from motionfit.body import load
from motionfit.priors.checkpoints import Priors
from motionfit.priors.initial_state import InitialStateMixture
from motionfit.priors.motion import MotionPrior
from motionfit.priors.pose import PosePrior
from motionfit.reference.observation_terms import ReferenceBody
from motionfit.reference.observed import WindowBatch


def tensors(arrays):
    return {name: torch.from_numpy(np.asarray(value)) for name, value in arrays.items() if value.dtype.kind in "fi"}


@pytest.fixture(scope="session")
def official_body():
    with pytest.MonkeyPatch.context() as patch:
        # files are read in single precision, whose rounding the golden fits would amplify
        patch.setattr(load, "_tensor", lambda array: torch.from_numpy(np.ascontiguousarray(array)))
        return load._build(formulas.make_body(), "formula")


@pytest.fixture(scope="session")
def reference_body(official_body):
    return ReferenceBody.of(official_body)


@pytest.fixture(scope="session")
def official_priors():
    pose, motion = PosePrior().double(), MotionPrior().double()
    pose.load_state_dict({k: torch.from_numpy(np.asarray(v)) for k, v in formulas.vposer2_weights().items()})
    motion.load_state_dict({k: torch.from_numpy(v) for k, v in formulas.humor_weights().items()})
    mixture = InitialStateMixture.from_covariances(*(torch.from_numpy(part) for part in formulas.gmm()))
    for prior in (pose, motion):
        prior.requires_grad_(False).eval()
    return Priors(pose, motion, mixture, hash="formula")


@pytest.fixture(scope="session")
def golden_tensors(goldens):
    return lambda name: tensors(goldens(name))


def windows_of(golden):
    def seen(name):
        data = golden.get(name)
        if data is None:
            return None, None
        mask = torch.isfinite(data).all(-1)
        return torch.where(mask[..., None], data, 0.0), mask

    joints, joints_mask = seen("obs_joints3d")
    keypoints, keypoints_mask = seen("obs_verts3d")
    floor, intervals = golden.get("obs_floor_plane"), golden.get("obs_seq_interval")
    return WindowBatch(
        fps=30.0,
        joints3d=joints,
        joints3d_mask=joints_mask,
        keypoints3d=keypoints,
        keypoints3d_mask=keypoints_mask,
        keypoints2d=golden.get("obs_joints2d"),
        intrinsics=golden.get("cam_matx"),
        floor=None if floor is None else floor[:, :3] * floor[:, 3:],
        intervals=None if intervals is None else tuple((int(a), int(b)) for a, b in intervals),
    )


@pytest.fixture(scope="session")
def observed_in():
    return windows_of
