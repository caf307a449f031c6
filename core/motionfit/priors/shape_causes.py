"""Why a tensor of a published checkpoint may have another shape than our model: the likely cause, in a sentence."""

from __future__ import annotations

from motionfit.body.skeleton import POSED_JOINTS
from motionfit.priors.motion import MOTION_LATENT, RAW_SIZE
from motionfit.priors.pose import POSE_LATENT
from motionfit.priors.state import STATE_SIZE

_BODIES = {
    23: "SMPL, which has two hand joints more",
    51: "SMPL-H with its fingers",
    54: "SMPL-X with its fingers, jaw and eyes",
}
_CONTACT_LOGITS = 9


def pose_cause(name: str, shape: tuple[int, ...]) -> str:
    """The likely cause of a shape in VPoser."""
    if name.endswith(("encoder_net.1.weight", "encoder_net.2.weight", "enc_bn1.weight", "enc_fc1.weight")):
        return _body(shape[-1] // 3, shape[-1] % 3 == 0, shape[-1])
    if name.endswith(("decoder_net.5.weight", "dec_out.weight")):
        if shape[0] == POSED_JOINTS * 9:
            return "Its decoder gives rotation matrices, as unpublished early versions did; 6D rotations are needed."
        return _body(shape[0] // 6, shape[0] % 6 == 0, shape[0])
    latent = {"mu.weight": 0, "mu.bias": 0, "dec_fc1.weight": -1, "decoder_net.0.weight": -1}
    for ending, axis in latent.items():
        if name.endswith(ending) and shape[axis] != POSE_LATENT:
            return f"Its latent has {shape[axis]} numbers, and fits need {POSE_LATENT}, as in the published versions."
    return ""


def motion_cause(name: str, shape: tuple[int, ...]) -> str:
    """The likely cause of a shape in HuMoR."""
    states = {"encoder.net.0.weight": 2, "prior_net.net.0.weight": 1}
    if name in states and shape[-1] != states[name] * STATE_SIZE:
        return (
            f"Its state has {shape[-1] // states[name]} numbers, and fits need {STATE_SIZE}: it was trained on another "
            "state representation (HuMoR's default is `mat` rotations, `smpl+joints+contacts`)."
        )
    is_last = name.startswith(("encoder.net.", "prior_net.net."))
    if is_last and shape[0] != 2 * MOTION_LATENT:
        return f"Its latent has {shape[0] // 2} numbers, and fits need {MOTION_LATENT}, as in the published model."
    if name.startswith("decoder.net.") and shape[0] == RAW_SIZE - _CONTACT_LOGITS:
        return "It predicts no contacts; train it with the data type `smpl+joints+contacts`."
    return ""


def _body(joints: int, is_whole: bool, numbers: int) -> str:
    if not is_whole or joints == POSED_JOINTS:
        return ""
    body = _BODIES.get(joints, f"a body of {joints} joints")
    return (
        f"It was trained for {body} ({numbers} numbers, {joints} joints), and fits need the {POSED_JOINTS} body joints "
        "that SMPL-H and SMPL-X share."
    )
