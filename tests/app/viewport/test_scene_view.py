"""The 3D view in a real OpenGL context, driven by the mouse."""

import gc
import os
import subprocess
import sys
import time
import weakref
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QPalette, QWheelEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow
from viewport_pictures import changed, filled, overlap, pixels

from motionfit.body.model import vertices
from motionfit.geometry.planes import world_floor
from motionfit_app.viewport.scene_content import transformed, world_matrix
from motionfit_app.viewport.scene_view import SceneView
from motionfit_app.viewport.tracks import BodyTrack, ViewOptions

NOTHING = ViewOptions(
    mesh=False, ground=False, axes=False, contacts=False, camera_frustum=False
)  # fmt: skip
WIDTH, HEIGHT = 420, 360


@pytest.fixture
def view(qtbot, body, track):
    widget = SceneView()
    qtbot.addWidget(widget)
    widget.resize(WIDTH, HEIGHT)
    widget.set_body(body)
    widget.set_floor(world_floor())
    widget.set_tracks([track])
    widget.set_frame(12)
    with qtbot.waitExposed(widget):
        widget.show()
    assert widget.gl_error == ""
    return widget


def wheel(widget, steps: int, at: QPointF) -> None:
    event = QWheelEvent(
        at, widget.mapToGlobal(at), QPoint(), QPoint(0, 120 * steps), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def drag(qtbot, widget, by, button=Qt.MouseButton.LeftButton, modifier=Qt.KeyboardModifier.NoModifier):
    start = widget.rect().center()
    qtbot.mousePress(widget, button, modifier, start)
    qtbot.mouseMove(widget, start + by / 2)
    qtbot.mouseMove(widget, start + by)
    qtbot.mouseRelease(widget, button, modifier, start + by)


def silhouette(view, body, motion, frame, world) -> np.ndarray:
    one = motion.slice(frame, frame + 1)
    mesh = vertices(body, one.betas, one.translation, one.root_orientation, one.body_pose)[0].numpy()
    corners = [view.project_point(point) for point in transformed(world, mesh)]
    flat = np.array([[point.x(), point.y()] for point in corners])
    return filled(flat, body.faces.numpy(), (view.width(), view.height()))


@pytest.mark.parametrize("name", ["front", "side", "top"])
def test_the_mesh_covers_its_projected_triangles(view, body, walk, name):
    view.set_view(name)
    view.set_options(NOTHING)
    empty = view.grab_image()
    view.set_options(replace(NOTHING, mesh=True))
    drawn = changed(empty, view.grab_image(), least=40)
    expected = silhouette(view, body, walk, 12, np.eye(4))
    assert expected.sum() > 3000
    assert overlap(drawn, expected) > 0.95


def test_motion_in_a_camera_frame_stands_on_its_floor(qtbot, view, body, filmed):
    motion, camera, floor = filmed
    view.set_floor(floor)
    view.set_camera(camera)
    view.set_tracks([BodyTrack("A", motion, QColor("#8fb8de"))])
    world = world_matrix(floor)
    one = motion.slice(12, 13)
    mesh = vertices(body, one.betas, one.translation, one.root_orientation, one.body_pose)[0].numpy()
    heights = transformed(world, mesh)[:, 2]
    assert heights.max() - heights.min() > 1.3  # upright in the world
    view.set_view("camera")
    view.set_options(NOTHING)
    empty = view.grab_image()
    view.set_options(replace(NOTHING, mesh=True))
    assert overlap(changed(empty, view.grab_image(), least=40), silhouette(view, body, motion, 12, world)) > 0.9


def test_the_camera_view_sees_what_the_clips_camera_sees(view, filmed, body):
    motion, camera, floor = filmed
    view.set_floor(floor)
    view.set_camera(camera)
    view.set_tracks([BodyTrack("A", motion, QColor("#8fb8de"))])
    view.set_view("camera")
    world = world_matrix(floor)
    middle_ray = np.array([[0.0, 0.0, 3.0], [0.5, 0.0, 3.0]])
    middle, right = (view.project_point(point) for point in transformed(world, middle_ray))
    assert (middle.x(), middle.y()) == pytest.approx((WIDTH / 2, HEIGHT / 2), abs=0.5)
    assert right.x() > middle.x()
    assert right.y() == pytest.approx(middle.y(), abs=0.5)


def test_left_drag_orbits_about_the_target(qtbot, view):
    before = view.orbit
    target = view.project_point(before.target)
    drag(qtbot, view, QPoint(60, 30))
    after = view.orbit
    assert after.azimuth < before.azimuth
    assert after.elevation > before.elevation
    moved = view.project_point(after.target)
    assert (moved.x(), moved.y()) == pytest.approx((target.x(), target.y()), abs=0.5)


@pytest.mark.parametrize(
    ("button", "modifier"),
    [
        (Qt.MouseButton.MiddleButton, Qt.KeyboardModifier.NoModifier),
        (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier),
    ],
)
def test_panning_moves_the_target_with_the_mouse(qtbot, view, button, modifier):
    point = view.orbit.target
    before = view.project_point(point)
    drag(qtbot, view, QPoint(40, -20), button, modifier)
    after = view.project_point(point)
    assert (after.x() - before.x(), after.y() - before.y()) == pytest.approx((40, -20), abs=1.0)


def test_the_wheel_zooms_and_a_double_click_centres_on_the_root(qtbot, view):
    before = view.orbit.distance
    wheel(view, 2, QPointF(50, 50))
    assert view.orbit.distance < before
    drag(qtbot, view, QPoint(80, 0), Qt.MouseButton.MiddleButton)
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    np.testing.assert_allclose(view.orbit.target, view._content.root())


def test_following_keeps_the_root_where_it_is_seen(view):
    view.set_options(replace(view.options, follow_root=True))
    before = view.project_point(view._content.root())
    view.set_frame(35)
    after = view.project_point(view._content.root())
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=0.1)


@pytest.mark.parametrize("name", ["skeleton", "ground", "axes", "contacts", "trail", "ghosts", "camera_frustum"])
def test_each_option_shows_something(view, filmed, name):
    view.set_camera(filmed[1])
    view.set_frame(5)
    view.set_view("side")
    view.set_options(NOTHING)
    before = view.grab_image()
    view.set_options(replace(NOTHING, **{name: True}))
    assert changed(before, view.grab_image()).sum() > 100


def test_contacts_vanish_where_there_are_none(view):
    view.set_view("side")
    view.set_options(NOTHING)
    view.set_frame(15)
    before = view.grab_image()
    view.set_options(replace(NOTHING, contacts=True))
    assert not changed(before, view.grab_image()).any()


def test_two_tracks_stand_apart_in_their_colours(view, walks):
    one, other = walks
    view.set_options(replace(NOTHING, mesh=True))
    view.set_view("front")
    blue, orange = QColor("#3d7dc4"), QColor("#e69f00")
    view.set_tracks([BodyTrack("A", one, blue), BodyTrack("B", other, orange, offset=1.0)])
    view.reset_view()
    picture = pixels(view.grab_image())
    is_blue = picture[..., 2] - picture[..., 0] > 60
    is_orange = picture[..., 0] - picture[..., 2] > 60
    assert is_blue.sum() > 800
    assert is_orange.sum() > 800
    view.set_tracks([BodyTrack("A", one, blue), BodyTrack("B", other, orange, visible=False, offset=1.0)])
    picture = pixels(view.grab_image())
    assert not (picture[..., 0] - picture[..., 2] > 60).any()


def test_compared_bodies_carry_their_names(view, walks):
    view.set_options(NOTHING)
    tracks = [BodyTrack(name, walk, QColor("#8fb8de")) for name, walk in zip(("A", "B"), walks, strict=True)]
    view.set_tracks(tracks[:1])
    one = view.grab_image()
    view.set_tracks(tracks)
    names = changed(one, view.grab_image())
    assert names.sum() > 200
    view.set_tracks([tracks[0], replace(tracks[1], visible=False)])
    assert not changed(one, view.grab_image()).any()


def test_a_live_motion_of_another_length_is_shown(view, walk):
    view.set_options(replace(NOTHING, mesh=True))
    view.set_tracks([BodyTrack("live", walk.slice(0, 5), QColor("#8fb8de"))])
    hidden = view.grab_image()  # frame 12 is not part of it
    view.set_frame(4)
    assert changed(hidden, view.grab_image()).sum() > 1000


def test_the_theme_is_followed(qtbot, view):
    view.set_options(NOTHING)
    palette = QPalette(view.palette())
    palette.setColor(QPalette.ColorRole.Window, QColor("#f0f0f0"))
    view.setPalette(palette)
    light = pixels(view.grab_image()).mean()
    palette.setColor(QPalette.ColorRole.Window, QColor("#202020"))
    view.setPalette(palette)
    assert pixels(view.grab_image()).mean() < light - 80


def test_docking_and_floating_rebuilds_the_graphics(qtbot, body, track):
    """A dock that floats puts its view into another window, with a new context."""
    window, dock = QMainWindow(), QDockWidget("3D view")
    qtbot.addWidget(window)
    view = SceneView(dock)
    view.setFixedSize(WIDTH, HEIGHT)
    view.set_body(body)
    view.set_tracks([track])
    dock.setWidget(view)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    with qtbot.waitExposed(window):
        window.show()
    docked = pixels(view.grab_image())
    for is_floating in (True, False):
        dock.setFloating(is_floating)
        qtbot.waitUntil(lambda: view.isVisible() and view.window() is (dock if dock.isFloating() else window))
        assert np.abs(pixels(view.grab_image()) - docked).mean() < 1
    assert view.gl_error == ""


def test_a_frame_change_costs_less_than_a_60th_of_a_second(view, walk):
    """Of processor time for posing, normals and upload (other programs do not count)."""
    view.makeCurrent()
    costs = []
    for frame in range(20, 40):
        start = time.thread_time()
        view.set_frame(frame)
        view._renderer._mesh(view._content, view._content.tracks[0])
        costs.append(time.thread_time() - start)
    view.doneCurrent()
    assert sorted(costs)[len(costs) // 2] < 0.016


def test_a_closed_view_is_freed_without_a_word(qtbot, qtlog, body, track):
    view = SceneView()
    view.resize(WIDTH, HEIGHT)
    view.set_body(body)
    view.set_tracks([track])
    view.set_options(replace(view.options, ghosts=True, trail=True, skeleton=True))
    with qtbot.waitExposed(view):
        view.show()
    view.grab_image()
    freed = weakref.ref(view)
    view.close()
    view.deleteLater()
    del view
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert freed() is None
    assert [record.message for record in qtlog.records] == []


def test_an_unknown_view_is_refused(view):
    with pytest.raises(ValueError, match="unknown view 'below'"):
        view.set_view("below")


PROGRAM = """
from PySide6.QtWidgets import QApplication, QLabel
from motionfit_app.viewport.scene_view import SceneView
app = QApplication([])
view = SceneView()
messages = []
view.gl_failed.connect(messages.append)
view.resize(400, 300)
view.show()
for _ in range(5):
    app.processEvents()
label = view.findChild(QLabel)
assert label.isVisible() and "OpenGL 3.3" in label.text(), label.text()
assert label.size() == view.size()
print(messages[0])
"""


def test_missing_opengl_is_said_in_words():
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "need OpenGL 3.3" in done.stdout
