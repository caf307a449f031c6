"""Films the scene: pictures, and the 2D keypoints that a detector would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float

from motionfit.body.keypoints import body25_points
from motionfit.body.model import BodyModel, vertices
from motionfit.demo_clip.scene import TROLLEY_FRAME, Scene, trolley_at
from motionfit.geometry.cameras import project
from motionfit.render.floor import view_floor
from motionfit.render.frame import render_frame
from motionfit.render.layers import Picture, project_points
from motionfit.render.mesh import Mesh, body_mesh, clothes_of
from motionfit.render.rasterise import rasterise

NOISE_PX = 1.5
MISSING_FRAME = 40
HIDDEN_FRAMES = 10
LEGS = (10, 11, 13, 14, 19, 20, 21, 22, 23, 24)
"""Knees, ankles and feet of BODY_25."""

_NARROWEST, _WIDEST = 0.3, 1.2
_LEFT_TOE, _RIGHT_TOE = 19, 22
_CONFIDENCE = (0.75, 0.98)


@dataclass(frozen=True)
class Film:
    """What was filmed.

    Attributes:
        pictures: Of each frame.
        keypoints: BODY_25: pixels with noise, and confidence; 0, 0, 0 where not seen.
        hidden: True where the trolley stands before a keypoint.
    """

    pictures: list[Picture]
    keypoints: Float[np.ndarray, "frames 25 3"]
    hidden: Bool[np.ndarray, "frames 25"]


def film(scene: Scene, body: BodyModel, seed: int = 0) -> Film:
    """Film all frames; detections have noise, one frame has none at all, hidden points are not detected."""
    motion = scene.motion
    pose = motion.betas, motion.translation, motion.root_orientation, motion.body_pose
    points = body25_points(body, *pose).double()
    feet = points[TROLLEY_FRAME, [_LEFT_TOE, _RIGHT_TOE]].mean(0).numpy()
    trolleys, hidden = _roll_by(points.numpy(), scene, feet)
    skins = vertices(body, *pose)
    view = view_floor(scene.camera, scene.floor)
    clothes = clothes_of(body)
    pictures = [
        render_frame([body_mesh(skins[frame], body, clothes), trolley], scene.camera, scene.floor, floor_view=view)
        for frame, trolley in enumerate(trolleys)
    ]
    return Film(pictures, _detect(points, hidden, scene, seed), hidden)


def _roll_by(points: np.ndarray, scene: Scene, feet: np.ndarray) -> tuple[list[Mesh], np.ndarray]:
    """A trolley in each frame, and what it hides; as narrow as it can be to hide the legs for `HIDDEN_FRAMES`."""
    half_width = _NARROWEST
    while True:
        trolleys = [trolley_at(frame, scene, feet, half_width) for frame in range(len(points))]
        hidden = np.stack([_is_behind(*pair, scene) for pair in zip(points, trolleys, strict=True)])
        if hidden[:, LEGS].all(1).sum() >= HIDDEN_FRAMES or half_width > _WIDEST:
            return trolleys, hidden
        half_width += 0.02


def _is_behind(points: np.ndarray, mesh: Mesh, scene: Scene) -> np.ndarray:
    """Which points the mesh hides from the camera."""
    width, height = scene.camera.image_size
    fragments = rasterise(project_points(mesh.vertices, scene.camera), mesh.vertices[:, 2], mesh.faces, (width, height))
    depth = np.full((height, width), np.inf)
    depth.reshape(-1)[fragments.pixels] = fragments.depth
    places = np.rint(project_points(points, scene.camera)).astype(np.int64)
    column, row = np.clip(places[:, 0], 0, width - 1), np.clip(places[:, 1], 0, height - 1)
    behind: np.ndarray = depth[row, column] < points[:, 2]
    return behind


def _detect(points: torch.Tensor, hidden: np.ndarray, scene: Scene, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    pixels = project(points, scene.camera.intrinsics.double()).numpy()
    keypoints = np.concatenate(
        [
            pixels + random.normal(0.0, NOISE_PX, pixels.shape),
            random.uniform(*_CONFIDENCE, (*pixels.shape[:2], 1)),
        ],
        -1,
    )
    keypoints[hidden] = 0.0
    keypoints[MISSING_FRAME] = 0.0
    return keypoints
