"""The camera view: the mesh lies on the picture exactly where the core projects it."""

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QApplication
from viewport_pictures import changed, filled, overlap, pixels

from motionfit.body.keypoints import body25_points
from motionfit.body.model import pose_skeleton, vertices
from motionfit.geometry.cameras import project
from motionfit_app.viewport.camera_view import CameraView, OverlayOptions
from motionfit_app.viewport.colours import confidence_colour
from motionfit_app.viewport.posed_meshes import PosedMeshes
from motionfit_app.viewport.scene_view import SceneView
from motionfit_app.viewport.tracks import BodyTrack

FRAME = 12
BARE = OverlayOptions(mesh=False, observed_keypoints=False)


@pytest.fixture
def view(qtbot, body, filmed):
    motion, camera, _ = filmed
    widget = CameraView()
    qtbot.addWidget(widget)
    widget.resize(640, 420)
    widget.set_body(body)
    widget.set_camera(camera)
    widget.set_tracks([BodyTrack("A", motion, QColor("#8fb8de"))])
    widget.set_picture(np.full((360, 640, 3), (70, 90, 60), np.uint8), 12)
    widget.set_frame(FRAME)
    with qtbot.waitExposed(widget):
        widget.show()
    assert widget.gl_error == ""
    return widget


@pytest.fixture
def keypoints(body, filmed):
    motion, camera, _ = filmed
    points = body25_points(body, motion.betas, motion.translation, motion.root_orientation, motion.body_pose)
    flat = project(points, camera.intrinsics)
    return torch.cat([flat, torch.ones(*flat.shape[:2], 1)], -1)


def wheel(widget, steps: int, at: QPointF) -> None:
    event = QWheelEvent(
        at, widget.mapToGlobal(at), QPoint(), QPoint(0, 120 * steps), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def drawn_mesh(view) -> np.ndarray:
    view.set_overlay(BARE)
    empty = view.grab_image()
    view.set_overlay(OverlayOptions(mesh_opacity=1.0, observed_keypoints=False))
    return changed(empty, view.grab_image(), least=40)


def expected_mesh(view, body, filmed) -> np.ndarray:
    motion, camera, _ = filmed
    one = motion.slice(FRAME, FRAME + 1)
    mesh = vertices(body, one.betas, one.translation, one.root_orientation, one.body_pose)[0]
    corners = [view.place.to_widget(float(x), float(y)) for x, y in project(mesh, camera.intrinsics)]
    flat = np.array([[point.x(), point.y()] for point in corners])
    return filled(flat, body.faces.numpy(), (view.width(), view.height()))


def test_a_projected_joint_is_where_the_core_projects_it(view, body, filmed):
    motion, camera, _ = filmed
    one = motion.slice(FRAME, FRAME + 1)
    rest = body.rest_joints(one.betas)
    joints = pose_skeleton(rest, one.translation, one.root_orientation, one.body_pose).joints[0]
    left, top = view.place.origin
    for joint, (x, y) in zip(joints, project(joints, camera.intrinsics), strict=True):
        seen = view.project_point(joint.tolist())
        assert seen.x() == pytest.approx(left + float(x) * view.place.scale, abs=0.01)
        assert seen.y() == pytest.approx(top + float(y) * view.place.scale, abs=0.01)


def test_the_mesh_covers_its_projected_triangles(view, body, filmed):
    drawn, expected = drawn_mesh(view), expected_mesh(view, body, filmed)
    assert expected.sum() > 3000
    assert overlap(drawn, expected) > 0.95
    off = np.argwhere(drawn).mean(0) - np.argwhere(expected).mean(0)
    assert np.abs(off).max() < 0.3  # pixels


def test_the_mesh_stays_on_the_picture_when_zoomed_and_dragged(qtbot, view, body, filmed):
    wheel(view, 4, QPointF(330, 200))
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    qtbot.mouseMove(view, QPoint(320, 210))
    qtbot.mouseMove(view, QPoint(340, 215))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(340, 215))
    expected = expected_mesh(view, body, filmed)
    assert expected.sum() > 10000
    assert overlap(drawn_mesh(view), expected) > 0.95


def test_the_wheel_zooms_to_the_cursor_and_a_double_click_fits(qtbot, view):
    cursor = QPointF(200, 150)
    before = view.place.to_picture(cursor)
    wheel(view, 3, cursor)
    after = view.place.to_picture(cursor)
    assert view.place.zoom > 1.5
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=1e-6)
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert (view.place.zoom, view.place.shift) == (1.0, (0.0, 0.0))


def test_the_picture_lies_in_its_rectangle(view):
    view.set_overlay(BARE)
    picture = np.zeros((360, 640, 3), np.uint8)
    picture[:180, :320] = (200, 30, 30)
    picture[180:, 320:] = (30, 30, 200)
    view.set_picture(picture, None)
    seen = pixels(view.grab_image())
    for x, y, colour in ((80, 45, (200, 30, 30)), (480, 270, (30, 30, 200)), (480, 90, (0, 0, 0))):
        at = view.place.to_widget(x, y)
        assert np.abs(seen[round(at.y()), round(at.x())] - colour).max() < 4


def test_a_smaller_preview_of_the_video_keeps_the_mesh_in_place(view):
    drawn = drawn_mesh(view)
    view.set_picture(np.full((180, 320, 3), (70, 90, 60), np.uint8), 12)
    assert overlap(drawn_mesh(view), drawn) > 0.99


def test_opacity_mixes_body_and_picture(view, filmed):
    place = view.project_point((filmed[0].translation[FRAME]).tolist())
    column, row = round(place.x()), round(place.y())

    def colour(opacity):
        view.set_overlay(OverlayOptions(mesh_opacity=opacity, observed_keypoints=False))
        return pixels(view.grab_image())[row, column].astype(float)

    bare, half, full = colour(0.0), colour(0.5), colour(1.0)
    np.testing.assert_allclose(half, (bare + full) / 2, atol=3)
    np.testing.assert_allclose(bare, (70, 90, 60), atol=2)


def test_observed_keypoints_show_their_confidence_and_missing_ones_do_not(view, keypoints):
    keypoints[FRAME, :, 2] = 0.0
    keypoints[FRAME, 4] = torch.tensor([100.0, 60.0, 1.0])
    keypoints[FRAME, 7] = torch.tensor([540.0, 300.0, 0.1])
    view.set_overlay(BARE)
    before = view.grab_image()
    view.set_keypoints(keypoints)
    view.set_overlay(OverlayOptions(mesh=False))
    after = view.grab_image()
    for x, y, confidence in ((100, 60, 1.0), (540, 300, 0.1)):
        at = view.place.to_widget(x, y)
        colour = confidence_colour(confidence)
        seen = pixels(after)[round(at.y()), round(at.x())]
        assert np.abs(seen - (colour.red(), colour.green(), colour.blue())).max() < 6
    touched = changed(before, after)
    assert touched[:, : view.width() // 2].sum() < 200  # one dot only


def test_reprojected_keypoints_ring_perfect_detections(view, keypoints):
    view.set_keypoints(keypoints)
    view.set_overlay(BARE)
    before = view.grab_image()
    view.set_overlay(OverlayOptions(mesh=False, observed_keypoints=False, reprojected_keypoints=True))
    rings = changed(before, view.grab_image())
    for x, y, _ in keypoints[FRAME].tolist():
        at = view.place.to_widget(x, y)
        column, row = round(at.x()), round(at.y())
        assert rings[row - 7 : row + 8, column - 7 : column + 8].any()


def test_residuals_are_lines_from_detection_to_body(view, keypoints):
    keypoints[FRAME, :, 2] = 0.0
    moved = keypoints[FRAME, 8].clone()
    keypoints[FRAME, 8] = moved + torch.tensor([120.0, 0.0, 1.0])
    view.set_keypoints(keypoints)
    view.set_overlay(BARE)
    before = view.grab_image()
    view.set_overlay(OverlayOptions(mesh=False, observed_keypoints=False, residuals=True))
    line = changed(before, view.grab_image())
    at = view.place.to_widget(float(moved[0]) + 60, float(moved[1]))
    assert line[round(at.y()) - 2 : round(at.y()) + 3, round(at.x())].any()
    assert line.sum() > 100


def test_the_source_frame_number_is_written(view):
    view.set_overlay(BARE)
    with_number = view.grab_image()
    view.set_picture(np.full((360, 640, 3), (70, 90, 60), np.uint8), None)
    assert changed(with_number, view.grab_image())[-60:, :200].sum() > 200


def test_without_camera_and_video_a_hint_is_shown(view):
    view.set_camera(None)
    view.set_picture(None, None)
    picture = pixels(view.grab_image())
    middle = picture[180:240, 200:440]
    assert middle.std() > 5
    assert np.isnan(view.project_point((0.0, 0.0, 2.0)).x())


def test_both_views_can_share_posed_frames(qtbot, body, view):
    meshes = PosedMeshes(body)
    scene = SceneView(meshes=meshes)
    qtbot.addWidget(scene)
    view.set_meshes(meshes)
    assert drawn_mesh(view).sum() > 1000
    scene.set_body(body)
    assert scene._content.meshes is meshes


def test_a_picture_without_camera_shows_no_body(view):
    view.set_camera(None)
    view.set_overlay(BARE)
    before = view.grab_image()
    view.set_overlay(OverlayOptions(mesh_opacity=1.0))
    assert not changed(before, view.grab_image()).any()
