"""The same walk, observed at many frame rates: the motion must not depend on when it was looked at."""

from dataclasses import replace

import formulas
import pytest
import torch

from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.metrics.drift import joints_of
from motionfit.motion import Motion
from motionfit.pipeline.fit import fit
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.settings import load_preset
from motionfit.simulation import simulate

FINE = 1200
LENGTH = 721
EVERY_TENTH = torch.arange(0, LENGTH, FINE // 10)
QUICK = {"root": 10, "pose": 30, "tune_x0": 3, "hold_x0": 5, "refine": 3}
RATES = {"10": 10, "24": 24, "60": 60, "120": 120, "240": 240, "uneven": None}


@pytest.fixture(scope="module")
def fine():
    """0.6 s of a walk at 1200 frames per second."""
    translation, root, pose, _ = formulas.walk(LENGTH, 0, FINE)
    return Motion(
        float(FINE),
        torch.from_numpy(translation).float(),
        rotation_from_axis_angle(torch.from_numpy(root).float()),
        rotation_from_axis_angle(torch.from_numpy(pose).float().reshape(LENGTH, 21, 3)),
        torch.zeros(16),
    )


def taken(fine, places, fps):
    return replace(
        fine,
        fps=fps,
        translation=fine.translation[places],
        root_orientation=fine.root_orientation[places],
        body_pose=fine.body_pose[places],
    )


def places_of(name):
    if name != "uneven":
        return torch.arange(0, LENGTH, FINE // int(name))
    drawn = torch.randint(1, LENGTH - 1, (20,), generator=torch.Generator().manual_seed(0))
    return torch.cat([EVERY_TENTH, drawn]).unique()


def observe(fine, body, name):
    places = places_of(name)
    fps = float(name) if name != "uneven" else FINE * (len(places) - 1) / (LENGTH - 1)
    observed = simulate(taken(fine, places, fps), body, "noise=0.0")
    return replace(observed, times=places.double() / FINE) if name == "uneven" else observed


def quickly(observed, body, priors, **changes):
    return fit(observed, body, priors, replace(load_preset("joints3d"), iterations=QUICK, **changes))


@pytest.fixture(scope="module")
def usual(fine, body, priors):
    """The fit at 30 frames per second."""
    return quickly(observe(fine, body, "30"), body, priors)


def error(body, motion, fine, places):
    truth = joints_of(body, taken(fine, places, motion.fps))
    return float((joints_of(body, motion) - truth).norm(dim=-1).mean())


def first_speed(result):
    return float(result.stages["stage3_init"].variables["x0_linear_velocity"][0].norm())


@pytest.mark.parametrize("name", list(RATES))
def test_repair_09_the_motion_is_that_of_30_frames_per_second(usual, fine, body, priors, name):
    observed, places = observe(fine, body, name), places_of(name)
    result = quickly(observed, body, priors)
    motion = result.final.motion
    assert (motion.frames, motion.fps) == (observed.frames, observed.fps)
    at_30 = error(body, usual.final.motion, fine, places_of("30"))
    both = [place for place in places.tolist() if place % (FINE // 30) == 0]
    own = joints_of(body, motion)[torch.searchsorted(places, torch.tensor(both))]
    apart = float((own - joints_of(body, usual.final.motion)[torch.tensor(both) // (FINE // 30)]).norm(dim=-1).mean())
    assert error(body, motion, fine, places) == pytest.approx(at_30, abs=0.004)
    assert apart < 0.017
    assert first_speed(result) == pytest.approx(first_speed(usual), rel=0.28)
    assert {len(values) for values in result.diagnostics.values()} == {observed.frames}
    assert result.windows == ((0, observed.frames),)


@pytest.mark.parametrize("name", ["10", "60"])
def test_repair_09_pretending_30_frames_per_second_gets_the_speed_wrong(usual, fine, body, priors, name):
    pretended = quickly(replace(observe(fine, body, name), fps=30.0), body, priors)
    assert abs(first_speed(pretended) / first_speed(usual) - 1.0) > 0.4


def test_what_is_held_comes_back_bit_for_bit_and_a_stage_can_be_run_again_at_any_rate(fine, body, priors):
    observed = observe(fine, body, "24")
    first = quickly(observed, body, priors, stages=("stage1", "stage2"))
    held = frozenset({Freeze.parse("translation@stage3[3:7]"), Freeze.parse("body_pose:left_arm@stage3[2:9]")})
    again = fit(
        observed,
        body,
        priors,
        replace(load_preset("joints3d"), iterations=QUICK, stages=("stage3",), freezes=held),
        previous=first,
    )
    before, after = first.final.motion, again.final.motion
    assert torch.equal(after.translation[3:7], before.translation[3:7])
    assert not torch.equal(after.translation[9:], before.translation[9:])
    arm = [12, 15, 17, 19]
    assert torch.equal(after.body_pose[2:9, arm], before.body_pose[2:9, arm])
