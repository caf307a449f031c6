"""All metrics of a motion at once, by the names that the command line prints."""

from __future__ import annotations

from motionfit.body.model import BodyModel
from motionfit.metrics import accuracy, plausibility
from motionfit.metrics.diagnostics import reprojection_distances
from motionfit.metrics.drift import joints_of
from motionfit.motion import Floor, Motion, Observations

METRIC_TITLES: dict[str, str] = {
    "mpjpe_mm": "joints, root aligned (mm)",
    "pa_mpjpe_mm": "joints, Procrustes aligned (mm)",
    "global_mpjpe_mm": "joints, where they are (mm)",
    "visible_mm": "observed points (mm)",
    "occluded_mm": "unobserved points (mm)",
    "legs_mm": "leg joints (mm)",
    "mesh_mm": "mesh vertices (mm)",
    "wa_mpjpe_mm": "joints, world aligned (mm)",
    "w_mpjpe_mm": "joints, first two frames aligned (mm)",
    "accel_error_m_s2": "acceleration error (m/s²)",
    "accel_m_s2": "acceleration (m/s²)",
    "jitter": "jitter (m/s³)",
    "contact_f1": "contact F1",
    "skating_cm_per_frame": "foot skating (cm per frame)",
    "penetration_rate": "toes under the floor (share)",
    "penetration_cm": "deepest vertex under the floor (cm)",
    "float_cm": "lowest vertex over the floor (cm)",
    "reprojection_px": "2D reprojection (px)",
}
"""What each metric is, in the order of printing."""


def evaluate(
    motion: Motion,
    truth: Motion | None,
    body: BodyModel,
    observations: Observations | None,
    floor: Floor,
    truth_floor: Floor | None = None,
) -> dict[str, float]:
    """Accuracy where the truth is known, plausibility always, reprojection where there are 2D keypoints.

    Args:
        motion: Three frames or more.
        truth: Of the same frames and in the same frame of reference.
        body: Of both.
        observations: Tell which points were visible.
        floor: Of the motion.
        truth_floor: Of the truth, for its contacts; by default `floor`.

    Returns:
        Values by the keys of `METRIC_TITLES`, in their order; what cannot be told is absent.

    Raises:
        ValueError: The numbers of frames differ, or there are fewer than three.
    """
    if motion.frames < 3:
        raise ValueError(f"metrics need three frames, and there are {motion.frames}")
    joints = joints_of(body, motion)
    found: dict[str, float] = {
        "accel_m_s2": accuracy.accel_m_s2(joints, motion.fps),
        "skating_cm_per_frame": plausibility.skating_cm_per_frame(joints, floor),
        "penetration_rate": plausibility.penetration_rate(joints, floor),
    }
    if motion.frames > 3:
        found["jitter"] = accuracy.jitter(joints, motion.fps)
    lowest = plausibility.lowest_point(motion, body, floor)
    found["penetration_cm"] = plausibility.penetration_cm(lowest)
    found["float_cm"] = plausibility.float_cm(lowest)
    if observations is not None and observations.keypoints2d is not None:
        distances, counts = reprojection_distances(motion, observations, body)
        if bool(counts.any()):
            found["reprojection_px"] = float(distances[counts].mean())
    if truth is not None:
        found.update(_against_truth(motion, truth, body, observations, floor, truth_floor or floor))
    return {name: found[name] for name in METRIC_TITLES if name in found}


def _against_truth(
    motion: Motion,
    truth: Motion,
    body: BodyModel,
    observations: Observations | None,
    floor: Floor,
    truth_floor: Floor,
) -> dict[str, float]:
    if truth.frames != motion.frames:
        raise ValueError(f"the motion has {motion.frames} frames and the truth {truth.frames}")
    joints, true = joints_of(body, motion), joints_of(body, truth)
    found = {
        "mpjpe_mm": accuracy.mpjpe_mm(joints, true),
        "pa_mpjpe_mm": accuracy.pa_mpjpe_mm(joints, true),
        "global_mpjpe_mm": accuracy.global_mpjpe_mm(joints, true),
        "legs_mm": accuracy.legs_mm(joints, true),
        "mesh_mm": accuracy.mesh_mm(motion, truth, body),
        "wa_mpjpe_mm": accuracy.wa_mpjpe_mm(joints, true),
        "w_mpjpe_mm": accuracy.w_mpjpe_mm(joints, true),
        "accel_error_m_s2": accuracy.accel_error_m_s2(joints, true, motion.fps),
    }
    if observations is not None and observations.kind not in ("nothing", "points3d"):
        found.update(accuracy.split_by_visibility_mm(motion, truth, body, observations))
    predicted = plausibility.predicted_touching(motion, joints, floor)
    score = plausibility.contact_f1(predicted, plausibility.touching(true, truth.fps, truth_floor))
    return found if score is None else {**found, "contact_f1": score}
