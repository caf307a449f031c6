"""Observe a known motion the way `--simulate` asks for."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.keypoints import KeypointSurfaces, body25_points
from motionfit.body.model import BodyModel, pose_skeleton, skin, vertices
from motionfit.errors import SettingsError
from motionfit.geometry.cameras import in_camera, pixels_of
from motionfit.geometry.planes import world_floor
from motionfit.motion import Camera, Motion, Observations
from motionfit.simulation.camera import camera_from_world, camera_of
from motionfit.simulation.spec import Projection, SimulationSpec
from motionfit.simulation.spoil import Fault, draw_faults, spoil


def simulate(motion: Motion, body: BodyModel, spec: SimulationSpec | str, seed: int = 0) -> Observations:
    """Observations of a motion.

    Args:
        motion: In the world (z up, floor at z = 0).
        body: Gives joints and surface points.
        spec: What is observed and what is lost; text is parsed.
        seed: The same seed gives the same observations; noise does not depend on what else is asked for.

    Returns:
        3D points in the world frame, or BODY_25 keypoints in the frame of `camera_from_world`. What is not
        observed is zero under the mask.

    Raises:
        SettingsError: The spec makes no sense for this motion.
    """
    spec = SimulationSpec.parse(spec) if isinstance(spec, str) else spec
    generator = torch.Generator().manual_seed(seed)
    right = (
        _observe_3d(motion, body, spec, generator)
        if spec.projection is None
        else _observe_2d(motion, body, spec, spec.projection, generator)
    )
    faults = faults_of(spec, motion.frames, seed)
    return spoil(right, faults, seed) if faults else right


def faults_of(spec: SimulationSpec, frames: int, seed: int) -> tuple[Fault, ...]:
    """The mistakes that `simulate` makes for this spec and seed in a clip of so many frames.

    Raises:
        SettingsError: There is no room for so many.
    """
    return spec.faults + (draw_faults(frames, spec.wrong, seed) if spec.wrong > 0 else ())


def _observe_3d(motion: Motion, body: BodyModel, spec: SimulationSpec, generator: torch.Generator) -> Observations:
    if spec.points > 0:
        return _observe_surface(motion, body, spec, generator)
    points = joints(motion, body) if spec.below is None else surface_keypoints(motion, body)
    noisy = points + spec.noise * _normal(points, generator)
    mask = _kept(points, spec, generator)
    if spec.below is not None:
        mask = mask & (points[..., 2] >= spec.below)
    clean = torch.where(mask[..., None], noisy, torch.zeros_like(noisy))
    is_joints = spec.below is None
    return Observations(
        fps=motion.fps,
        frames=motion.frames,
        joints3d=clean if is_joints else None,
        joints3d_mask=mask if is_joints else None,
        keypoints3d=None if is_joints else clean,
        keypoints3d_mask=None if is_joints else mask,
        floor=world_floor(points.dtype),
    )


def _observe_surface(motion: Motion, body: BodyModel, spec: SimulationSpec, generator: torch.Generator) -> Observations:
    """Points anywhere on the mesh, all places of equal area alike, other ones in each frame."""
    mesh = vertices(body, motion.betas, motion.translation, motion.root_orientation, motion.body_pose)
    corners = mesh[:, body.faces].double()
    sides = corners[:, :, 1:] - corners[:, :, :1]
    areas = torch.linalg.cross(sides[:, :, 0], sides[:, :, 1]).norm(dim=-1)
    faces = torch.multinomial(areas, spec.points, replacement=True, generator=generator)
    shares = torch.rand(*faces.shape, 2, generator=generator, dtype=torch.float64)
    shares = torch.where(shares.sum(-1, keepdim=True) > 1.0, 1.0 - shares, shares)
    frames = torch.arange(motion.frames)[:, None]
    exact = corners[frames, faces, 0] + (shares[..., None] * sides[frames, faces]).sum(-2)
    points = exact.to(mesh) + spec.noise * _normal(exact.to(mesh), generator)
    mask = _kept(points, spec, generator)
    return Observations(
        fps=motion.fps,
        frames=motion.frames,
        points3d=torch.where(mask[..., None], points, torch.zeros_like(points)),
        points3d_mask=mask,
        floor=world_floor(points.dtype),
    )


def joints(motion: Motion, body: BodyModel) -> Float[Tensor, "frames 22 3"]:
    """The 22 joints, metres, in the motion's frame."""
    rest = body.rest_joints(motion.betas)
    return pose_skeleton(rest, motion.translation, motion.root_orientation, motion.body_pose).joints


def surface_keypoints(motion: Motion, body: BodyModel) -> Float[Tensor, "frames 43 3"]:
    """The 43 surface keypoints, metres, in the motion's frame."""
    surface = KeypointSurfaces.of(body).keypoints
    rest = body.rest_joints(motion.betas)
    posed = pose_skeleton(rest, motion.translation, motion.root_orientation, motion.body_pose)
    return skin(surface, surface.shaped(motion.betas), rest, posed, motion.body_pose)


def _observe_2d(
    motion: Motion, body: BodyModel, spec: SimulationSpec, projection: Projection, generator: torch.Generator
) -> Observations:
    world = body25_points(body, motion.betas, motion.translation, motion.root_orientation, motion.body_pose)
    points = camera_from_world(motion, body, projection).apply(world)
    return _detected(motion, points, camera_of(projection), spec, generator)


def simulate_through(
    motion: Motion, body: BodyModel, camera: Camera, spec: SimulationSpec | None = None, seed: int = 0
) -> Observations:
    """BODY_25 keypoints of a motion as a camera with a trajectory sees them.

    Args:
        motion: In the world of the trajectory.
        body: Gives the points.
        camera: Of the frames of the motion.
        spec: What is lost; its projection is not read.
        seed: As `simulate`.
    """
    generator = torch.Generator().manual_seed(seed)
    points = body25_points(body, motion.betas, motion.translation, motion.root_orientation, motion.body_pose)
    seen = in_camera(points, camera)
    return _detected(motion, seen, camera, SimulationSpec() if spec is None else spec, generator)


def _detected(
    motion: Motion,
    points: Float[Tensor, "frames 25 3"],
    camera: Camera,
    spec: SimulationSpec,
    generator: torch.Generator,
) -> Observations:
    """Keypoints of points in the camera frame."""
    pixels = pixels_of(points, replace(camera, rotation=None, translation=None))
    pixels = pixels + spec.noise_px * _normal(pixels, generator)
    size = pixels.new_tensor(camera.image_size)
    is_inside = ((pixels >= 0) & (pixels < size)).all(-1) & (points[..., 2] > 0.1)
    seen = _kept(points, spec, generator) & is_inside
    keypoints = torch.cat([pixels, torch.ones_like(pixels[..., :1])], -1)
    return Observations(
        fps=motion.fps,
        frames=motion.frames,
        keypoints2d=torch.where(seen[..., None], keypoints, torch.zeros_like(keypoints)),
        camera=camera,
    )


def _normal(like: Float[Tensor, "*shape"], generator: torch.Generator) -> Float[Tensor, "*shape"]:
    return torch.randn(like.shape, generator=generator, dtype=torch.float64).to(like)


def _kept(
    points: Float[Tensor, "frames points 3"], spec: SimulationSpec, generator: torch.Generator
) -> Bool[Tensor, "frames points"]:
    chance = torch.rand(points.shape[:-1], generator=generator, dtype=torch.float64)
    kept = chance >= spec.drop
    for start, stop in spec.missing:
        if stop > points.shape[0]:
            raise SettingsError(
                f"--simulate: missing={start}:{stop} goes beyond the clip of {points.shape[0]} frames.",
                "Frames count from 0 and the last one is not included.",
            )
        kept[start:stop] = False
    if not bool(kept.any()):
        raise SettingsError("--simulate: nothing is left to observe.", "Leave some frames and points.")
    return kept
