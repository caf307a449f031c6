"""Every term of the motion prior's loss on held-back motion, one step at a time from recorded pasts."""

from __future__ import annotations

import torch
from jaxtyping import Bool
from torch import Tensor

from motionfit.body.keypoints import SURFACE_KEYPOINT_IDS
from motionfit.body.model import BodyModel
from motionfit.priors.motion import MotionPrior
from motionfit.priors.rollout import local_transitions
from motionfit.priors.state import MotionState
from motionfit.training.motion_evaluation import EvaluationWindows
from motionfit.training.motion_loss import Shape, body_losses, contact_losses, divergence, state_losses


@torch.no_grad()
def motion_terms(prior: MotionPrior, windows: EvaluationWindows, body: BodyModel) -> dict[str, float]:
    """Mean squared errors of the state and of the posed body (43 surface points), contacts, and nats of the latent.

    The latent of a step is the posterior's mean. `nll` is the negative log density of that mean under the conditional
    prior.
    """
    past, following = local_transitions(windows.states)
    mean, variance = prior.posterior(past, following)
    prior_mean, prior_variance = prior.prior(past)
    decoded, logits = prior.decode(past, mean)
    predicted, target = MotionState.unpack(decoded), MotionState.unpack(following)
    surface = body.points(torch.tensor(SURFACE_KEYPOINT_IDS))
    shape = Shape(body.rest_joints(windows.betas), surface, surface.shaped(windows.betas))
    contacts = windows.contacts[:, 1:]
    losses = {
        **state_losses(predicted, target),
        **body_losses(predicted, target, shape),
        **contact_losses(logits, contacts, predicted),
    }
    nll = 0.5 * ((mean - prior_mean).square() / prior_variance + (2.0 * torch.pi * prior_variance).log()).sum(-1)
    return {
        **{name: float(value) for name, value in losses.items()},
        **contact_scores(logits > 0, contacts > 0.5),
        "kl": float(divergence(mean, variance, prior_mean, prior_variance).mean()),
        "nll": float(nll.mean()),
    }


def contact_scores(predicted: Bool[Tensor, "*batch 9"], true: Bool[Tensor, "*batch 9"]) -> dict[str, float]:
    """Share of right answers; of the contacts that are told, how many are; of those that are, how many are told.

    A share of nothing is absent.
    """
    hits, told, there = float((predicted & true).sum()), float(predicted.sum()), float(true.sum())
    found = {"contacts_accuracy": float((predicted == true).float().mean())}
    if told:
        found["contacts_precision"] = hits / told
    if there:
        found["contacts_recall"] = hits / there
    return found
