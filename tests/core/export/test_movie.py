from dataclasses import replace

import numpy as np
import pytest

from motionfit.body.model import vertices
from motionfit.errors import SettingsError
from motionfit.export.clip import ExportClip
from motionfit.export.formats import export
from motionfit.export.movie import over_video, turntable
from motionfit.files.frames import transform_floor, transform_motion
from motionfit.files.video import VideoFile, write_video
from motionfit.geometry.cameras import project
from motionfit.geometry.planes import world_floor
from motionfit.pipeline.result import FitResult, StageResult
from motionfit.pipeline.settings import load_preset
from motionfit.simulation import SimulationSpec, camera_from_world, simulate

CAMERA = "project=320x240:f260"
FRAMES = 5


@pytest.fixture(scope="module")
def fitted(walking, open_body, tmp_path_factory):
    """A perfect fit of 2D keypoints and a grey video of it."""
    motion = walking.slice(0, FRAMES)
    spec = SimulationSpec.parse(CAMERA)
    seen = camera_from_world(motion, open_body, spec.projection)
    stage = StageResult(
        "stage1", transform_motion(motion, open_body, seen), transform_floor(world_floor(), seen), {}, (), 0.0, "Done."
    )
    observed = simulate(motion, open_body, spec)
    result = FitResult(observed, load_preset("video"), {"stage1": stage}, (), "", "", False, {})
    video = tmp_path_factory.mktemp("movie") / "grey.mp4"
    write_video(video, [np.full((240, 320, 3), 90, np.uint8)] * FRAMES, 30.0)
    return ExportClip("walk", motion, open_body, result, None, video)


def test_the_mesh_is_drawn_where_the_camera_sees_it(fitted):
    stage, camera = fitted.result.final, fitted.result.observations.camera
    for frame, picture in enumerate(over_video(fitted)):
        changed = np.abs(picture.astype(int) - 90).max(-1) > 12
        one = stage.motion.slice(frame, frame + 1)
        points = vertices(fitted.body, one.betas, one.translation, one.root_orientation, one.body_pose)[0]
        pixels = project(points, camera.intrinsics).numpy()
        rows, columns = np.nonzero(changed)
        assert columns.min() == pytest.approx(pixels[:, 0].min(), abs=3)
        assert columns.max() == pytest.approx(pixels[:, 0].max(), abs=3)
        assert rows.min() == pytest.approx(pixels[:, 1].min(), abs=3)


def test_a_film_has_the_frames_asked_for_at_the_rate_of_the_motion(fitted, tmp_path):
    part = replace(fitted, motion=fitted.motion.slice(1, 4), first=1)
    path = export(tmp_path / "over.mp4", part)
    with VideoFile(path) as film:
        assert film.frames == 3
    assert [file.name for file in tmp_path.iterdir()] == ["over.mp4"]


def test_the_turntable_keeps_the_person_in_the_picture_and_goes_round(fitted):
    pictures = list(turntable(replace(fitted, video=None, motion=fitted.motion.slice(0, 4))))
    assert len(pictures) == 4
    assert len({picture.tobytes() for picture in pictures}) == 4
    for picture in pictures:
        is_body = picture[..., 1].astype(int) - picture[..., 0] > 40
        assert is_body.sum() > 5000
        assert not is_body[[0, -1]].any()
        assert not is_body[:, [0, -1]].any()


def test_a_motion_without_a_camera_cannot_be_drawn_over_a_video(fitted):
    with pytest.raises(SettingsError, match="no camera"):
        next(over_video(replace(fitted, result=None)))
