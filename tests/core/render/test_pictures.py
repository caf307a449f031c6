from dataclasses import replace

import numpy as np
import pytest
import torch

from motionfit.body.keypoints import body25_points
from motionfit.body.load import load_body, open_body_path
from motionfit.files.inputs import ClipInput
from motionfit.files.video import write_video
from motionfit.geometry.cameras import project
from motionfit.geometry.planes import world_floor
from motionfit.motion import Camera, Floor, Motion, Observations
from motionfit.pipeline.result import FitResult, StageResult
from motionfit.pipeline.settings import load_preset
from motionfit.render.pictures import STAGE_COLOURS, frames_to_show, write_fit_pictures

_FRAMES = 6


@pytest.fixture(scope="module")
def body():
    return load_body(open_body_path())


def _result(observations: Observations, motion: Motion, floor: Floor, keys: tuple[str, ...]) -> FitResult:
    stages = {key: StageResult(key, motion, floor, {}, (), 0.0, "done") for key in keys}
    return FitResult(observations, load_preset("video"), stages, ((0, _FRAMES),), "", "", False, {})


def _facing_the_camera() -> Motion:
    turned = torch.diag(torch.tensor([1.0, -1.0, -1.0])).repeat(_FRAMES, 1, 1)
    translation = torch.tensor([[0.0, 0.2, 4.0]]).repeat(_FRAMES, 1)
    return Motion(30.0, translation, turned, torch.eye(3).repeat(_FRAMES, 21, 1, 1), torch.zeros(16))


def _seen_in_2d(motion: Motion, body) -> tuple[Observations, Floor]:
    camera = Camera(torch.tensor([[280.0, 0, 160], [0, 280.0, 90], [0, 0, 1]]), (320, 180))
    pose = motion.betas, motion.translation, motion.root_orientation, motion.body_pose
    pixels = project(body25_points(body, *pose), camera.intrinsics)
    keypoints = torch.cat([pixels, torch.ones(_FRAMES, 25, 1)], -1)
    floor = Floor(torch.tensor([0.0, -1.0, 0.0]), torch.tensor(-1.3))
    return Observations(30.0, _FRAMES, keypoints2d=keypoints, camera=camera, floor=floor), floor


def test_a_2d_fit_is_drawn_over_its_video(tmp_path, body):
    motion = _facing_the_camera()
    observations, floor = _seen_in_2d(motion, body)
    green = np.zeros((180, 320, 3), np.uint8)
    green[..., 1] = 90
    write_video(tmp_path / "clip.mp4", [green] * _FRAMES, 30.0)
    clip = ClipInput("clip", observations, video=tmp_path / "clip.mp4")
    written = write_fit_pictures(
        tmp_path / "pictures", clip, _result(observations, motion, floor, tuple(STAGE_COLOURS)), body
    )
    assert [path.name for path in written] == [
        "frame_0000.png", "frame_0002.png", "frame_0003.png", "frame_0005.png", "comparison.png",
    ]  # fmt: skip
    assert all(path.stat().st_size > 1000 for path in written)
    from motionfit.render.pictures import fit_frames

    (picture,) = fit_frames(clip, _result(observations, motion, floor, ("stage3",)), body, [0])
    assert (np.abs(picture[:5].astype(int) - [0, 90, 0]) < 12).all()
    chest = picture[70, 160].astype(int)
    assert chest[2] > 40


def test_a_fit_that_was_stopped_is_drawn_as_far_as_it_came(tmp_path, body):
    motion = _facing_the_camera()
    observations, floor = _seen_in_2d(motion, body)
    result = _result(observations, motion, floor, ("stage1",))
    written = write_fit_pictures(tmp_path, ClipInput("clip", observations), result, body)
    assert written[-1].name == "comparison.png"


def test_a_3d_fit_is_drawn_on_its_floor_with_what_was_observed(tmp_path, body):
    upright = torch.tensor([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]]).repeat(_FRAMES, 1, 1)
    motion = replace(
        _facing_the_camera(), root_orientation=upright, translation=torch.tensor([[0.0, 0, 1.1]]).repeat(_FRAMES, 1)
    )
    joints = torch.zeros(_FRAMES, 22, 3)
    joints[..., 0], joints[..., 2] = 0.8, torch.linspace(0.1, 1.8, 22)
    mask = torch.ones(_FRAMES, 22, dtype=torch.bool)
    observations = Observations(30.0, _FRAMES, joints3d=joints, joints3d_mask=mask, floor=world_floor())
    result = _result(observations, motion, world_floor(), ("stage2", "stage3"))
    from motionfit.render.pictures import fit_frames

    with_marks = fit_frames(ClipInput("clip", observations), result, body, [1])[0].astype(int)
    hidden = replace(result, observations=replace(observations, joints3d_mask=torch.zeros_like(mask)))
    without = fit_frames(ClipInput("clip", observations), hidden, body, [1])[0].astype(int)
    changed = np.abs(with_marks - without).sum(-1) > 60
    assert 100 < changed.sum() < 5000


def test_frames_to_show_lie_in_the_clip():
    assert frames_to_show(1) == [0]
    assert frames_to_show(3) == [0, 1, 2]
    assert frames_to_show(120) == [15, 45, 75, 105]
