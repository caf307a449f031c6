"""Meshes as a layer with an edge that is smooth, to be laid over a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from motionfit.motion import Camera
from motionfit.render.mesh import Mesh
from motionfit.render.rasterise import Fragments, rasterise
from motionfit.render.shading import Light, face_normals, shade, unit, vertex_normals

Picture = UInt8[np.ndarray, "height width 3"]


@dataclass(frozen=True)
class Layer:
    """A transparent picture.

    Attributes:
        colour: 0..1, already multiplied by the coverage.
        coverage: Share of each pixel that is covered, 0..1.
    """

    colour: Float[np.ndarray, "height width 3"]
    coverage: Float[np.ndarray, "height width"]

    def over(
        self, background: Float[np.ndarray, "height width 3"], opacity: float = 1.0
    ) -> Float[np.ndarray, "height width 3"]:
        """This layer laid over colours in 0..1."""
        covered = (self.coverage * opacity)[..., None]
        laid: np.ndarray = self.colour * opacity + background * (1.0 - covered)
        return laid


def draw_meshes(meshes: Sequence[Mesh], camera: Camera, light: Light, supersampling: int = 2) -> Layer:
    """Draw meshes with hidden surfaces removed.

    Args:
        meshes: In the camera frame.
        camera: Its picture size is the layer's.
        light: In the camera frame.
        supersampling: Samples per pixel along each axis.
    """
    width, height = camera.image_size
    fine = (width * supersampling, height * supersampling)
    colour = np.zeros((fine[0] * fine[1], 4), np.float32)
    depth = np.full(fine[0] * fine[1], np.inf)
    for mesh in meshes:
        points = project_points(mesh.vertices, camera)
        # Samples of a pixel lie evenly around its centre, which is at a whole number.
        fragments = rasterise((points + 0.5) * supersampling - 0.5, mesh.vertices[:, 2], mesh.faces, fine)
        is_front = fragments.depth < depth[fragments.pixels]
        pixels = fragments.pixels[is_front]
        depth[pixels] = fragments.depth[is_front]
        colour[pixels, :3] = _colours_of(mesh, fragments, light)[is_front]
        colour[pixels, 3] = 1.0
    blocks = colour.reshape(height, supersampling, width, supersampling, 4).mean((1, 3))
    return Layer(blocks[..., :3], blocks[..., 3])


def project_points(points: Float[np.ndarray, "points 3"], camera: Camera) -> Float[np.ndarray, "points 2"]:
    """Pixels of points in the camera frame; meaningless behind the camera."""
    intrinsics = camera.intrinsics.detach().cpu().double().numpy()
    depth = np.where(np.abs(points[:, 2:]) < 1e-6, 1e-6, points[:, 2:])
    projected: np.ndarray = (points / depth) @ intrinsics.T
    return projected[:, :2]


def _colours_of(mesh: Mesh, fragments: Fragments, light: Light) -> np.ndarray:
    corners = mesh.faces[fragments.faces]
    weights = fragments.weights[..., None]
    if mesh.is_smooth:
        normals = unit((vertex_normals(mesh.vertices, mesh.faces)[corners] * weights).sum(1))
    else:
        normals = unit(face_normals(mesh.vertices, mesh.faces))[fragments.faces]
    colours = (mesh.colours[corners] * weights).sum(1)
    places = (mesh.vertices[corners] * weights).sum(1)
    return shade(colours, normals, places, light)


def as_picture(colours: Float[np.ndarray, "height width 3"]) -> Picture:
    """Colours in 0..1 as bytes."""
    picture: np.ndarray = (np.clip(colours, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return picture


def as_colours(picture: Picture) -> Float[np.ndarray, "height width 3"]:
    """Bytes as colours in 0..1."""
    return picture.astype(np.float32) / np.float32(255.0)
