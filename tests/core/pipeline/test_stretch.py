from dataclasses import fields, replace

import pytest
import torch

from motionfit.metrics.drift import joints_of
from motionfit.motion import Observations
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.settings import load_preset
from motionfit.pipeline.stretch import Stretch, anchored, with_anchor_weight
from motionfit.pipeline.timeline import timeline_of
from motionfit.simulation import simulate

from .conftest import walk

FRAMES = 60


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (1, 2), (20, 30), (59, 60), (0, 59), (40, 60), (1, 60)])
@pytest.mark.parametrize("fps", [10.0, 25.0, 30.0, 60.0, 120.0])
def test_a_stretch_has_the_range_and_its_neighbours_on_every_grid(start, stop, fps):
    line = timeline_of(Observations(fps, FRAMES))
    stretch = Stretch.around(start, stop, FRAMES, fps)
    assert 0 <= stretch.first <= max(start - 1, 0)
    assert min(stop + 1, FRAMES) <= stretch.after <= FRAMES
    assert bool(stretch.is_locked.any()) or stretch.frames == FRAMES
    grid, own = stretch.on_grid(line), stretch.timeline(line)
    assert 0 <= grid.first <= grid.start < grid.stop <= grid.after <= line.frames
    assert own.frames == grid.frames
    assert int(own.frame.min()) >= 0
    assert int((own.frame + (own.share > 0)).max()) < own.frames or stretch.after == FRAMES
    if line.is_grid:
        assert grid == stretch
        assert own.is_grid


def test_what_is_cut_out_and_put_back_is_the_clip(body):
    motion, stretch = walk(FRAMES), Stretch(20, 30, 15, 45)
    other = walk(FRAMES, 1)
    joined = stretch.joined_motion(motion, stretch.cut_motion(other))
    for name in ("translation", "root_orientation", "body_pose"):
        now, then, new = getattr(joined, name), getattr(motion, name), getattr(other, name)
        assert torch.equal(now, torch.cat([then[:20], new[20:30], then[30:]]))
    seen = simulate(motion, body, "project=640x360:f500,noise_px=1", 0)
    cut = stretch.cut_observations(seen)
    assert cut.frames == 30
    assert torch.equal(cut.keypoints2d, seen.keypoints2d[15:45])
    camera = replace(
        seen.camera,
        intrinsics=seen.camera.intrinsics.expand(FRAMES, 3, 3),
        rotation=torch.eye(3).expand(FRAMES, 3, 3),
        translation=torch.arange(FRAMES * 3.0).reshape(FRAMES, 3),
    )
    moving = stretch.cut_observations(replace(seen, camera=camera, times=torch.arange(FRAMES) / 30.0))
    shapes = {each.name: getattr(moving.camera, each.name) for each in fields(moving.camera)}
    assert [len(shapes[name]) for name in ("intrinsics", "rotation", "translation")] == [30] * 3
    assert torch.equal(moving.camera.translation, camera.translation[15:45])
    assert torch.equal(moving.times, torch.arange(15, 45) / 30.0)


def test_freezes_move_with_the_stretch():
    stretch = Stretch(20, 30, 19, 45)
    given = {
        Freeze("shape"),
        Freeze("body_pose", part="head"),
        Freeze("translation", frames=(0, 25)),
        Freeze("root_orientation", frames=(50, 60)),
        Freeze("motion_latents", "stage3", frames=(28, 40)),
    }
    assert stretch.freezes(given) == {
        Freeze("shape"),
        Freeze("body_pose", part="head"),
        Freeze("translation", frames=(0, 6)),
        Freeze("motion_latents", "stage3", frames=(9, 21)),
    }


@pytest.mark.parametrize("spec", ["noise=0.05", "below=0.9", "project=640x360:f500"])
def test_locked_frames_are_observed_as_they_are_and_others_as_they_were(body, spec):
    motion, stretch = walk(FRAMES), Stretch(20, 30, 19, 45)
    seen = simulate(motion, body, spec, 0)
    given = anchored(seen, stretch, motion, body)
    locked = torch.zeros(FRAMES, dtype=torch.bool)
    locked[19], locked[30:45] = True, True
    torch.testing.assert_close(given.joints3d[locked], joints_of(body, motion)[locked])
    assert given.joints3d_mask[locked].all()
    if seen.joints3d is not None:
        assert torch.equal(given.joints3d[~locked], seen.joints3d[~locked])
    else:
        assert not given.joints3d_mask[~locked].any()
    if seen.keypoints2d is not None:
        assert not given.keypoints2d[locked, :, 2].any()
        assert torch.equal(given.keypoints2d[~locked], seen.keypoints2d[~locked])


def test_locked_joints_count_in_every_preset():
    for preset, kind in (("joints3d", "joints3d"), ("keypoints3d", "keypoints3d"), ("video", "keypoints2d")):
        settings = with_anchor_weight(load_preset(preset), kind)
        assert settings.weights["stage3"]["joints3d"] > 0
        assert (settings.robust.get("joints3d", 0.0) > 0) == (kind == "joints3d")
