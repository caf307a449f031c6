"""Mistakes are made in the frames that they are said to be in, and nowhere else."""

from itertools import pairwise

import pytest
import torch

from motionfit.body.parts import MIRRORED_POINTS
from motionfit.errors import SettingsError
from motionfit.simulation import SimulationSpec, faults_of, simulate
from motionfit.simulation.spoil import FAULT_KINDS, Fault, draw_faults, wrong_frames

SPECS = {"joints3d": "noise=0.01", "keypoints3d": "below=0.9", "keypoints2d": "project=640x360:f500,drop=0.1"}


@pytest.mark.parametrize("kind", FAULT_KINDS)
@pytest.mark.parametrize("data", SPECS)
def test_a_mistake_changes_its_frames_only(walking, open_body, data, kind):
    right = simulate(walking, open_body, SPECS[data], 3)
    wrong = simulate(walking, open_body, f"{SPECS[data]},{kind}=8:12", 3)
    changed = (getattr(right, data) != getattr(wrong, data)).flatten(1).any(1)
    assert changed.nonzero().flatten().tolist() == [8, 9, 10, 11]
    assert torch.isfinite(getattr(wrong, data)).all()


def test_a_swap_is_its_own_inverse_and_a_frozen_frame_repeats_the_one_before(walking, open_body):
    right, swapped, frozen = (
        simulate(walking, open_body, f"noise=0.01{more}") for more in ("", ",swap=8:12", ",frozen=8:12")
    )
    mirrored = list(MIRRORED_POINTS["joints3d"])
    assert torch.equal(swapped.joints3d[8:12][:, mirrored], right.joints3d[8:12])
    assert torch.equal(frozen.joints3d[8:12], right.joints3d[7:8].expand(4, -1, -1))


def test_a_limb_lies_elsewhere_and_another_person_stands_aside(walking, open_body):
    right = simulate(walking, open_body, "noise=0")
    limb = simulate(walking, open_body, "limb=8:12").joints3d[9] - right.joints3d[9]
    moved = limb.norm(dim=-1) > 0
    assert int(moved.sum()) == 4
    assert 0.2 <= float(limb.norm(dim=-1).max()) <= 0.5
    aside = simulate(walking, open_body, "other=8:12").joints3d[9] - right.joints3d[9]
    assert float(aside[:, 2].mean().abs()) < 0.2
    assert float(aside[0].norm()) > 0.2


def test_a_hidden_limb_is_not_mistaken(walking, open_body):
    for seed in range(8):
        right, wrong = (simulate(walking, open_body, f"below=0.9{more}", seed) for more in ("", ",limb=8:12"))
        assert not torch.equal(right.keypoints3d[8:12], wrong.keypoints3d[8:12])


def test_drawn_mistakes_are_seeded_apart_and_as_many_as_asked_for():
    drawn = draw_faults(200, 0.15, 4)
    assert drawn == draw_faults(200, 0.15, 4) != draw_faults(200, 0.15, 5)
    assert 0.15 <= float(wrong_frames(200, drawn).float().mean()) < 0.2
    assert all(later.start - former.stop >= 2 for former, later in pairwise(drawn))
    many = {fault.kind for seed in range(20) for fault in draw_faults(200, 0.15, seed)}
    assert many == set(FAULT_KINDS)
    with pytest.raises(SettingsError, match="no room"):
        draw_faults(6, 0.5, 0)


def test_the_mistakes_of_a_spec_are_known():
    spec = SimulationSpec.parse("noise=0.04,wrong=0.1,limb=3:5,limb=7:9")
    assert spec.faults == (Fault("limb", 3, 5), Fault("limb", 7, 9))
    assert faults_of(spec, 60, 2) == spec.faults + draw_faults(60, 0.1, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("swap=12:8", "swap=12:8 is no span"),
        ("swap=8", "span of frames"),
        ("swap=20:99", "24 frames"),
        ("wrong=0.9", "between 0 and 0.5"),
        ("swop=1:2", "Did you mean swap=?"),
    ],
)
def test_mistakes_that_make_no_sense_are_told(walking, open_body, text, said):
    with pytest.raises(SettingsError) as caught:
        simulate(walking, open_body, text)
    assert said in f"{caught.value} {caught.value.hint}"
