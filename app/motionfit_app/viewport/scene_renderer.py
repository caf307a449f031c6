"""Draws the content of the 3D view with OpenGL."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QOpenGLContext, QOpenGLFunctions
from PySide6.QtOpenGL import QOpenGLVertexArrayObject

from motionfit.geometry.cameras import camera_at
from motionfit_app.viewport import shapes
from motionfit_app.viewport.colours import SceneColours, rgba
from motionfit_app.viewport.gl_buffers import LineSet, TriangleMesh
from motionfit_app.viewport.gl_painters import Eye, LinePainter, MeshPainter, MeshSlot
from motionfit_app.viewport.gl_programs import Program
from motionfit_app.viewport.gl_support import (
    GL_BLEND,
    GL_COLOR_BUFFER_BIT,
    GL_CULL_FACE,
    GL_DEPTH_BUFFER_BIT,
    GL_DEPTH_TEST,
    GL_LEQUAL,
    GL_ONE,
    GL_ONE_MINUS_SRC_ALPHA,
    GL_SCISSOR_TEST,
    GL_STENCIL_BUFFER_BIT,
    GL_TRIANGLE_STRIP,
    GL_TRIANGLES,
)
from motionfit_app.viewport.posed_meshes import PosedMeshes
from motionfit_app.viewport.scene_content import SceneContent
from motionfit_app.viewport.tracks import BodyTrack

_JOINTS = 22
_JOINT_RADIUS = 0.022
_CONTACT_RADIUS = 0.05
_IN_CONTACT = 0.5
_GHOST_ALPHA = 0.28
_XRAY_ALPHA = 0.35
_AXIS_LENGTH = 0.5


class SceneRenderer:
    """Everything of the 3D view that lives on the graphics card; made anew for each context."""

    def __init__(self, context: QOpenGLContext) -> None:
        # Functions of our own: the wrapper of the context's would outlive it and be taken for a later object.
        self._gl = QOpenGLFunctions(context)
        self._meshes = MeshPainter(self._gl, context)
        self._lines = LinePainter(self._gl, context)
        self._background = Program("background", context)
        self._ground = Program("ground", context)
        self._nothing = QOpenGLVertexArrayObject(context)
        self._nothing.create()
        self._segments = LineSet(self._lines.program)
        self._balls = TriangleMesh(self._meshes.program, shapes.ball_triangles(_JOINTS))
        self._owner: PosedMeshes | None = None
        self._slots: dict[int, MeshSlot] = {}
        self._ghosts: dict[tuple[int, int], MeshSlot] = {}

    def draw(self, content: SceneContent, eye: Eye, centre: NDArray[np.float64], colours: SceneColours) -> None:
        """Draw one picture: what is solid, the floor, then what one sees through."""
        self._clear(colours)
        if content.meshes is not self._owner:
            self._owner = content.meshes
            self._slots.clear()
            self._ghosts.clear()
        options, shown = content.options, content.shown() if content.meshes is not None else []
        for track in shown:
            if options.skeleton:
                self._draw_skeleton(content, track, eye, colours)
            if options.contacts:
                self._draw_contacts(content, track, eye, colours)
            if options.mesh and not options.skeleton:
                self._meshes.solid(self._mesh(content, track), content.model(track), eye, rgba(track.colour))
        if options.ground:
            if options.mesh:
                for track in shown:
                    self._meshes.shadow(self._mesh(content, track), content.model(track), eye, colours.shadow)
            self._draw_ground(eye, centre, colours)
        self._draw_see_through(content, shown, eye)
        self._draw_marks(content, shown, eye, colours)
        self._leave()

    def _clear(self, colours: SceneColours) -> None:
        gl = self._gl
        gl.glDisable(GL_SCISSOR_TEST)
        gl.glDisable(GL_CULL_FACE)
        gl.glDisable(GL_DEPTH_TEST)
        gl.glDisable(GL_BLEND)
        gl.glColorMask(1, 1, 1, 1)
        gl.glDepthMask(1)
        gl.glStencilMask(0xFF)
        gl.glClearStencil(0)
        gl.glClear(GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT | GL_STENCIL_BUFFER_BIT)
        self._background.bind()
        self._background.set_vector("top", *colours.top)
        self._background.set_vector("bottom", *colours.bottom)
        self._nothing.bind()
        gl.glDrawArrays(GL_TRIANGLES, 0, 3)
        self._nothing.release()
        self._background.release()

    def _mesh(self, content: SceneContent, track: BodyTrack) -> TriangleMesh:
        assert content.meshes is not None
        place = content.tracks.index(track)
        if place not in self._slots:
            self._slots[place] = MeshSlot(self._meshes, content.meshes.triangles)
        return self._slots[place].show(content.meshes.mesh(track.motion, content.frame))

    def _draw_skeleton(self, content: SceneContent, track: BodyTrack, eye: Eye, colours: SceneColours) -> None:
        assert content.meshes is not None
        joints = content.meshes.joints(track.motion, content.frame)
        colour = rgba(colours.contrasting(track.colour) if content.options.mesh else track.colour)
        self._segments.upload(shapes.bones(joints, colour))
        self._lines.draw(self._segments, content.model(track), eye, 4.0, is_solid=True)
        self._balls.upload(shapes.balls(joints, np.full(_JOINTS, _JOINT_RADIUS)))
        self._meshes.solid(self._balls, content.model(track), eye, colour)

    def _draw_contacts(self, content: SceneContent, track: BodyTrack, eye: Eye, colours: SceneColours) -> None:
        contacts = track.motion.contacts
        if contacts is None:
            return
        assert content.meshes is not None
        touching = contacts[content.frame].detach().cpu().numpy() > _IN_CONTACT
        if not touching.any():
            return
        joints = content.meshes.joints(track.motion, content.frame)
        self._balls.upload(shapes.balls(joints, np.where(touching, _CONTACT_RADIUS, 0.0)))
        self._meshes.solid(self._balls, content.model(track), eye, colours.contact)

    def _draw_ground(self, eye: Eye, centre: NDArray[np.float64], colours: SceneColours) -> None:
        gl, program = self._gl, self._ground
        gl.glEnable(GL_DEPTH_TEST)
        gl.glDepthFunc(GL_LEQUAL)
        gl.glDepthMask(0)
        gl.glEnable(GL_BLEND)
        gl.glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA)
        distance = float(np.linalg.norm(np.linalg.inv(eye.view)[:3, 3] - centre))
        program.bind()
        program.set_matrix("view_projection", eye.projection @ eye.view)
        program.set_vector("centre", float(centre[0]), float(centre[1]))
        program.set_number("extent", min(max(10.0, 4.0 * distance), 120.0))
        for name, colour in (
            ("fill", colours.ground), ("line", colours.grid), ("x_axis", colours.x_axis), ("y_axis", colours.y_axis),
        ):  # fmt: skip
            program.set_vector(name, *colour)
        self._nothing.bind()
        gl.glDrawArrays(GL_TRIANGLE_STRIP, 0, 4)
        self._nothing.release()
        program.release()
        gl.glDepthMask(1)

    def _draw_see_through(self, content: SceneContent, shown: list[BodyTrack], eye: Eye) -> None:
        if content.options.mesh and content.options.skeleton:
            for track in shown:
                colour = rgba(track.colour, _XRAY_ALPHA)
                self._meshes.see_through(self._mesh(content, track), content.model(track), eye, colour)
        self._draw_ghosts(content, shown if content.options.ghosts else [], eye)

    def _draw_ghosts(self, content: SceneContent, shown: list[BodyTrack], eye: Eye) -> None:
        """Far ones first, so that near ones lie over them; slots of ghosts that went are freed."""
        place = np.linalg.inv(eye.view)[:3, 3]
        ghosts: list[tuple[float, BodyTrack, int]] = []
        for track in shown:
            frames = content.ghost_frames(track)
            distances = np.linalg.norm(content.root_path(track)[frames] - place, axis=-1)
            ghosts += [(float(far), track, frame) for far, frame in zip(distances, frames, strict=True)]
        slots: dict[tuple[int, int], MeshSlot] = {}
        for _, track, frame in sorted(ghosts, key=lambda ghost: -ghost[0]):
            assert content.meshes is not None
            key = (content.tracks.index(track), frame)
            slots[key] = self._ghosts.get(key) or MeshSlot(self._meshes, content.meshes.triangles)
            mesh = slots[key].show(content.meshes.mesh(track.motion, frame))
            self._meshes.see_through(mesh, content.model(track), eye, rgba(track.colour, _GHOST_ALPHA))
        self._ghosts = slots

    def _draw_marks(self, content: SceneContent, shown: list[BodyTrack], eye: Eye, colours: SceneColours) -> None:
        if content.options.trail:
            for track in shown:
                path = content.root_path(track)
                self._segments.upload(shapes.trail(path, content.frame, rgba(track.colour.lighter(120))))
                self._lines.draw(self._segments, np.eye(4), eye, 2.5)
        if content.options.axes:
            ends = _AXIS_LENGTH * np.eye(3)
            axes = np.array([colours.x_axis, colours.y_axis, colours.z_axis])
            self._segments.upload(shapes.segments(np.zeros((3, 3)), ends, axes))
            self._lines.draw(self._segments, np.eye(4), eye, 3.0)
        if content.options.camera_frustum and content.camera is not None:
            self._segments.upload(shapes.frustum(camera_at(content.camera, content.frame), 0.6, colours.frustum))
            self._lines.draw(self._segments, content.camera_world(), eye, 1.5)

    def _leave(self) -> None:
        """Leave the state that Qt's painter expects."""
        self._gl.glDisable(GL_DEPTH_TEST)
        self._gl.glDisable(GL_BLEND)
        self._gl.glDepthMask(1)
