"""The first closure of every part of every golden fit: each term, the loss and all gradients."""

import pytest
import torch

from motionfit.body.keypoints import BODY25_IGNORED
from motionfit.pipeline.settings import load_preset
from motionfit.reference.motion_stage import MotionStage
from motionfit.reference.observed import without_ignored
from motionfit.reference.pose_stages import PoseStages
from motionfit.reference.schedule import HOLD_X0, POSE, REFINE, ROOT, TUNE_X0, Schedule

FRAMES = 20
TUNED = 15
PARTS = {"I": ROOT, "II": POSE, "IIIa": TUNE_X0, "IIIb": HOLD_X0, "IIIc": REFINE}
FILES = {
    "closures_joints": "reference-3d",
    "closures_verts": "reference-3d-keypoints",
    "closures_rgb": "reference-video",
    "closures_rgb_split": "reference-video",
}
VALUES = {
    "trans": "translation",
    "root_orient": "root_orientation",
    "betas": "betas",
    "latent_pose": "pose_latents",
    "latent_motion": "motion_latents",
    "trans_vel": "linear_velocity",
    "joints_vel": "joint_velocities",
    "root_orient_vel": "angular_velocity",
    "floor_plane": "floor",
}
WITHOUT_FRAMES = ("trans_vel", "joints_vel", "root_orient_vel")
TERMS = {
    "joints3d": ("joints3d",),
    "keypoints3d": ("verts3d",),
    "keypoints2d": ("joints2d",),
    "pose_prior": ("pose_prior",),
    "shape_prior": ("shape_prior",),
    "smoothness": ("joints3d_smooth",),
    "motion_prior": ("motion_prior",),
    "initial_state": ("init_motion_prior",),
    "joint_consistency": ("joint_consistency",),
    "bone_length": ("bone_length",),
    "contact_velocity": ("contact_vel",),
    "contact_height": ("contact_height",),
    "floor": ("floor_reg",),
    "overlap": (
        "rgb_overlap_consist_verts3d_pos",
        "rgb_overlap_consist_verts3d_vel",
        "rgb_overlap_consist_betas",
        "rgb_overlap_consist_floor",
    ),
}


def values_in(golden, part):
    return {
        ours: golden[f"{part}_var_{name}"].squeeze(1) if name in WITHOUT_FRAMES else golden[f"{part}_var_{name}"]
        for name, ours in VALUES.items()
        if f"{part}_var_{name}" in golden
    }


def terms_of(part, values, observed, reference_body, priors, weights):
    if part in ("I", "II"):
        stages = PoseStages(reference_body, priors.pose, observed)
        return (stages.root_terms if part == "I" else stages.pose_terms)(values, weights)
    if part == "IIIa":
        stage = MotionStage(reference_body, priors, observed.first_frames(TUNED), TUNED)
    else:
        stage = MotionStage(reference_body, priors, observed, FRAMES, FRAMES / TUNED)
    return stage.terms(values, weights)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", FILES)
def test_closure_meets_the_golden(golden_tensors, observed_in, reference_body, official_priors, name, part):
    golden, phase = golden_tensors(name), PARTS[part]
    values = values_in(golden, part)
    free = {key: values[key].clone().requires_grad_() for key in phase.free if key in values}
    weights = Schedule.of(load_preset(FILES[name])).weights_of(phase)
    observed = observed_in(golden)
    terms = terms_of(part, values | free, observed, reference_body, official_priors, weights)

    scales = {"shape_prior": FRAMES, "floor": FRAMES}
    if part == "IIIa":
        scales = {"shape_prior": TUNED, "floor": TUNED}
    elif part.startswith("III"):
        scales["initial_state"] = FRAMES / TUNED
    golden_terms = {key for key in golden if key.startswith(f"{part}_term_")}
    for term, value in terms.items():
        keys = {f"{part}_term_{each}" for each in TERMS[term]} & golden_terms
        expected = sum(golden[key] for key in keys)
        torch.testing.assert_close(value.detach() / scales.get(term, 1.0), expected, rtol=1e-6, atol=1e-12, msg=term)
        golden_terms -= keys
    assert not golden_terms

    loss = sum(weights[term] * value for term, value in terms.items())
    torch.testing.assert_close(loss.detach(), golden[f"{part}_loss"], rtol=1e-7, atol=0)
    gradients = torch.autograd.grad(loss, list(free.values()))
    for key, gradient in zip(free, gradients, strict=True):
        official = next(name for name, ours in VALUES.items() if ours == key)
        expected = golden[f"{part}_grad_{official}"].reshape(gradient.shape)
        scale = float(expected.abs().max())
        torch.testing.assert_close(gradient, expected, rtol=1e-6, atol=1e-6 * scale, msg=lambda t, k=key: f"{k}: {t}")


def test_only_the_confidence_of_ignored_keypoints_is_dropped():
    keypoints = torch.rand(2, 3, 25, 3)
    kept = [slot for slot in range(25) if slot not in BODY25_IGNORED]
    changed = without_ignored(keypoints)
    assert torch.equal(changed[..., kept, :], keypoints[..., kept, :])
    assert torch.equal(changed[..., :2], keypoints[..., :2])
    assert (changed[..., list(BODY25_IGNORED), 2] == 0).all()
