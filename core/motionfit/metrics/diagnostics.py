"""What the frames of a fit look like one by one: data error, skating, penetration, acceleration."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.cloud import cloud_surface
from motionfit.body.keypoints import BODY25_IGNORED
from motionfit.body.model import BodyModel, pose_skeleton, skin
from motionfit.body.parts import BODY_PARTS, PART_POINTS
from motionfit.geometry.cameras import in_camera, pixels_of
from motionfit.geometry.nearest import nearest_points, taken
from motionfit.metrics.accuracy import acceleration, body25, surface_keypoints, third_differences
from motionfit.metrics.drift import joints_of
from motionfit.metrics.excursions import excursions
from motionfit.metrics.floating import floating_cm
from motionfit.metrics.observed_shares import observed_places, observed_shares
from motionfit.metrics.plausibility import lowest_point, skating_cm
from motionfit.motion import Floor, Motion, Observations


@dataclass(frozen=True)
class Diagnostic:
    """What a per-frame number means.

    Attributes:
        title: For people.
        unit: Of the number; "" = none.
        is_bad_when: "high" or "low", or "" where it is neither.
    """

    title: str
    unit: str
    is_bad_when: str = "high"


def part_error(part: str) -> str:
    """The name of the diagnostic that tells the data error of a part of the body."""
    return f"{part}_error_cm"


MEASURES: dict[str, Diagnostic] = {
    "data_error_cm": Diagnostic("distance from the data", "cm"),
    "reprojection_px": Diagnostic("distance from the data in the image", "px"),
    **{part_error(part): Diagnostic(f"distance from the data, {part.replace('_', ' ')}", "cm") for part in BODY_PARTS},
    "excursion_cm": Diagnostic("how far observed points leap away and back", "cm"),
    "observed_share": Diagnostic("share of the points that were observed", "", "low"),
    "repeated_share": Diagnostic(
        "share of the observed points that lie exactly where they lay in the frame before", ""
    ),
    "skating_cm": Diagnostic("sliding of feet on the floor", "cm per frame"),
    "penetration_cm": Diagnostic("depth of the deepest vertex under the floor", "cm"),
    "floating_cm": Diagnostic("height over the floor while something must carry the body", "cm"),
    "acceleration": Diagnostic("mean acceleration of the joints", "m/s²"),
    "jitter": Diagnostic("mean change of the joints' acceleration", "m/s³"),
}
"""The diagnostics of `frame_diagnostics`."""


def frame_diagnostics(
    motion: Motion, observations: Observations, body: BodyModel, floor: Floor
) -> dict[str, Float[Tensor, " frames"]]:
    """Measures of each frame of a fit by the keys of `MEASURES`, in the frame of the observations.

    Returns:
        `data_error_cm`, and the same for each part of the body: means over what was observed, NaN in frames where that
        is nothing; distances are plain ones, whatever a robust data term makes of them, for 2D data across the line of
        sight where the body is; `reprojection_px` for 2D data. `excursion_cm` (see `excursions`), `observed_share` and
        `repeated_share`. `skating_cm` (see `plausibility`); `penetration_cm`, the depth of the deepest vertex;
        `floating_cm` (see `floating`); `acceleration` and `jitter`, means over the joints (the ends repeat their
        neighbours).
    """
    joints = joints_of(body, motion)
    found: dict[str, Float[Tensor, " frames"]] = {}
    if observations.kind != "nothing":
        found |= data_errors(motion, observations, body)
    if observations.kind not in ("nothing", "points3d"):
        found |= observed_shares(observations)
    lowest = lowest_point(motion, body, floor)
    found["skating_cm"] = skating_cm(joints, floor)
    found["penetration_cm"] = (-lowest).clamp(min=0.0) * 100.0
    found["floating_cm"] = floating_cm(joints, lowest, motion.fps, floor)
    found["acceleration"] = _of_each_frame(acceleration(joints, motion.fps), motion.frames)
    found["jitter"] = _of_each_frame(third_differences(joints, motion.fps), motion.frames)
    return found


def data_errors(motion: Motion, observations: Observations, body: BodyModel) -> dict[str, Float[Tensor, " frames"]]:
    """The measures of `frame_diagnostics` that compare a motion with what was observed, and look for its leaps."""
    if observations.kind == "points3d":
        return {"data_error_cm": _mean_over(*cloud_distances(motion, observations, body)) * 100.0}
    joints = joints_of(body, motion)
    found: dict[str, Tensor] = {}
    per_unit = joints.new_ones(())
    if observations.keypoints2d is not None and observations.camera is not None:
        pixels, counts = reprojection_distances(motion, observations, body)
        found["reprojection_px"] = _mean_over(pixels, counts)
        per_unit = (
            in_camera(joints, observations.camera)[..., 2].mean(-1).clamp(min=0.0)
            / observations.camera.intrinsics[..., 0, 0]
        )
        distances = pixels * per_unit[:, None]
    else:
        distances, counts = _distances_3d(motion, observations, body, joints)
    found["data_error_cm"] = _mean_over(distances, counts) * 100.0
    parts = PART_POINTS[observations.kind]
    for part, points in parts.items():
        found[part_error(part)] = _mean_over(distances[:, points], counts[:, points]) * 100.0
    leapt = excursions(*observed_places(observations), parts.values(), observations.fps)
    found["excursion_cm"] = leapt * per_unit * 100.0
    return found


def reprojection_distances(
    motion: Motion, observations: Observations, body: BodyModel
) -> tuple[Float[Tensor, "frames points"], Bool[Tensor, "frames points"]]:
    """Distances in pixels of BODY_25 from the observed keypoints, and which of them count.

    Those that the body does not model as detectors see them (`BODY25_IGNORED`) do not count.
    """
    if observations.keypoints2d is None or observations.camera is None:
        raise ValueError("there are no 2D keypoints with a camera")
    pixels = pixels_of(body25(motion, body), observations.camera)
    counts = observations.keypoints2d[..., 2] > 0
    counts[:, list(BODY25_IGNORED)] = False
    return (pixels - observations.keypoints2d[..., :2]).norm(dim=-1), counts


def cloud_distances(
    motion: Motion, observations: Observations, body: BodyModel
) -> tuple[Float[Tensor, "frames points"], Bool[Tensor, "frames points"]]:
    """Distances in metres of unordered surface points from the nearest of some vertices, and which points there are."""
    if observations.points3d is None or observations.points3d_mask is None:
        raise ValueError("there are no surface points")
    surface, rest = cloud_surface(body), body.rest_joints(motion.betas)
    posed = pose_skeleton(rest, motion.translation, motion.root_orientation, motion.body_pose)
    points = skin(surface, surface.shaped(motion.betas), rest, posed, motion.body_pose)
    nearest = taken(points, nearest_points(points, observations.points3d))
    return (nearest - observations.points3d).norm(dim=-1), observations.points3d_mask


def _distances_3d(
    motion: Motion, observations: Observations, body: BodyModel, joints: Float[Tensor, "frames 22 3"]
) -> tuple[Float[Tensor, "frames points"], Bool[Tensor, "frames points"]]:
    if observations.joints3d is not None:
        points, given, mask = joints, observations.joints3d, observations.joints3d_mask
    else:
        assert observations.keypoints3d is not None
        points, given = surface_keypoints(motion, body), observations.keypoints3d
        mask = observations.keypoints3d_mask
    seen = torch.ones(given.shape[:2], dtype=torch.bool, device=given.device) if mask is None else mask
    return (points - given).norm(dim=-1), seen


def _mean_over(
    distances: Float[Tensor, "frames points"], counts: Bool[Tensor, "frames points"]
) -> Float[Tensor, " frames"]:
    total = torch.where(counts, distances, torch.zeros_like(distances)).sum(-1)
    number = counts.sum(-1)
    return torch.where(number > 0, total / number.clamp(min=1), torch.full_like(total, torch.nan))


def _of_each_frame(vectors: Float[Tensor, "inner_frames joints 3"], frames: int) -> Float[Tensor, " frames"]:
    """Mean length over the joints; the frames that differences lose repeat their neighbours."""
    if not len(vectors):
        return vectors.new_zeros(frames)
    means = vectors.norm(dim=-1).mean(-1)
    lost = frames - len(means)
    before = (lost + 1) // 2
    return torch.cat([means[:1].expand(before), means, means[-1:].expand(lost - before)])
