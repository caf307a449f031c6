from dataclasses import replace

import pytest
import torch

from motionfit.pipeline import pose_stage
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.data_terms import DataTerms
from motionfit.pipeline.pose_stage import PoseStage, start_values
from motionfit.pipeline.stages import PHASES
from motionfit.simulation import simulate

from .conftest import walk

FRAMES = 23
TERMS = next(phase.terms for phase in PHASES if phase.key == "pose")


@pytest.mark.parametrize("seen", ["noise=0.02", "below=0.9", "project=640x360:f500,noise_px=2,missing=5:8"])
@pytest.mark.parametrize("fps", [30.0, 50.0])
def test_a_clip_in_stretches_has_the_terms_and_gradients_of_the_whole(body, priors, monkeypatch, seen, fps):
    motion = walk(FRAMES)
    given = replace(simulate(motion, body, seen, 1), fps=fps)
    batch = make_batch([given])
    frames = batch.frames
    generator = torch.Generator().manual_seed(0)
    root = motion.root_orientation[:1].expand(frames, 3, 3)
    values = start_values(torch.randn(1, frames, 3, generator=generator) + torch.tensor([0.0, 0.0, 4.0]), root[None])
    values |= {name: torch.randn(values[name].shape, generator=generator) for name in ("pose_latents", "betas")}
    stage = PoseStage(body, priors.pose, DataTerms.of(body), batch)
    whole = evaluated(stage, values)
    monkeypatch.setattr(pose_stage, "STRETCH", 11)
    assert frames > 11
    parts = evaluated(stage, values)
    for name, term in whole[0].items():
        torch.testing.assert_close(parts[0][name], term, rtol=1e-4, atol=1e-6)
    for whole_slope, slope in zip(whole[1], parts[1], strict=True):
        torch.testing.assert_close(slope, whole_slope, rtol=1e-3, atol=1e-4 * float(whole_slope.abs().max()))


def evaluated(stage, values):
    points = {name: value.clone().requires_grad_() for name, value in values.items()}
    terms = stage.terms(points, TERMS)
    assert {"smoothness", "pose_prior", "shape_prior"} < set(terms)
    return terms, torch.autograd.grad(sum(term.sum() for term in terms.values()), list(points.values()))
