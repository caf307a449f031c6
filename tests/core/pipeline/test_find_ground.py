"""The ground of posed bodies: modes, what is seen, what is told."""

import math
import re
from dataclasses import replace

import pytest
import torch

from motionfit.body.model import pose_skeleton
from motionfit.errors import SettingsError
from motionfit.files.frames import transform_floor, transform_motion
from motionfit.geometry.planes import world_floor
from motionfit.metrics.drift import joints_of
from motionfit.motion import Floor
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.data_terms import PosedBody
from motionfit.pipeline.find_ground import feet_seen, find_ground, ground_mode
from motionfit.pipeline.ground import Ground
from motionfit.simulation import simulate
from motionfit.simulation.camera import camera_from_world
from motionfit.simulation.spec import SimulationSpec

from .conftest import slow_steps

VIDEO = "project=1280x720:f1060"


def find(mode, motion, body, observations):
    rest = body.rest_joints(motion.betas)[None]
    root, pose = motion.root_orientation[None], motion.body_pose[None]
    skeleton = pose_skeleton(rest, motion.translation[None], root, pose)
    posed = PosedBody(motion.betas[None], rest, skeleton, pose)
    found = find_ground(mode, [observations], make_batch([observations]), body, posed, ((0, motion.frames),))
    return found.ground, found.planes, found.notes


def lifted(motion, height):
    return replace(motion, translation=motion.translation + torch.tensor([0.0, 0.0, height]))


@pytest.fixture(scope="module")
def marching(body):
    return slow_steps(body, 60)


def test_the_floor_goes_under_the_lowest_feet(body, marching):
    ground, planes, _ = find("level", marching, body, simulate(marching, body, "noise=0"))
    lowest = float(joints_of(body, marching)[:, [7, 8, 10, 11], 2].amin())
    assert lowest - 0.05 < float(ground.offset) < lowest + 0.03
    torch.testing.assert_close(ground.normal, torch.tensor([[0.0, 0.0, 1.0]]))
    assert planes[0].facts()["footings"] > 0.5


def test_a_world_whose_floor_is_higher_is_found_and_told(body, marching):
    high = lifted(marching, 0.14)
    observed = simulate(high, body, "noise=0")
    ground, _, notes = find("auto", high, body, observed)
    assert float(ground.offset) == pytest.approx(0.14, abs=0.03)
    assert notes == [[]]
    held, planes, notes = find("given", high, body, observed)
    assert held.start() == {}
    assert (held.offset == 0).all()
    assert planes[0].support > 1.0
    told = re.fullmatch(r"The feet stand (\d+) cm above the floor; use --ground auto to find where it is.", notes[0][0])
    assert told is not None
    assert int(told[1]) == pytest.approx(14, abs=3)
    assert find("given", marching, body, simulate(marching, body, "noise=0"))[2] == [[]]


def test_feet_that_nobody_saw_tell_nothing(body, marching):
    high = lifted(marching, 0.14)
    observed = simulate(high, body, "noise=0")
    mask = observed.joints3d_mask.clone()
    mask[:, [7, 8, 10, 11]] = False
    _, planes, notes = find("given", high, body, replace(observed, joints3d_mask=mask))
    assert planes[0].support < 0.01
    assert notes == [[]]
    assert not feet_seen(make_batch([replace(observed, joints3d_mask=mask)]), body).any()
    assert not feet_seen(make_batch([simulate(high, body, "below=0.9")]), body).any()
    seen = feet_seen(make_batch([simulate(high, body, f"{VIDEO},missing=3:5")]), body)[0]
    assert seen.tolist() == [frame not in (3, 4) for frame in range(high.frames)]


def test_a_pitched_camera_is_told_by_the_body_that_stands(body, marching):
    camera = camera_from_world(marching, body, SimulationSpec.parse(VIDEO).projection)
    truth = transform_floor(world_floor(), camera)
    seen = transform_motion(marching, body, camera)
    ground, _, _ = find("auto", seen, body, simulate(marching, body, VIDEO))
    tilt = math.degrees(math.acos(min(1.0, float(ground.normal[0] @ truth.normal))))
    assert math.degrees(math.acos(float(-truth.normal[1]))) > 6.0
    assert tilt < 3.0
    assert abs(float(ground.anchor[0] @ truth.normal - truth.offset)) < 0.05


def test_a_guess_of_the_floor_that_comes_with_the_data_says_what_is_up(body, marching):
    camera = camera_from_world(marching, body, SimulationSpec.parse(VIDEO).projection)
    truth = transform_floor(world_floor(), camera)
    seen = transform_motion(marching, body, camera)
    guess = Floor(truth.normal, torch.tensor(-0.5))
    ground, planes, _ = find("auto", seen, body, replace(simulate(marching, body, VIDEO), floor=guess))
    assert math.degrees(math.acos(min(1.0, float(ground.normal[0] @ truth.normal)))) < 1.0
    assert abs(float(ground.offset[0] - truth.offset)) < 0.05
    assert planes[0].tilt_deviation < math.radians(2.0)
    level, _, _ = find("level", seen, body, replace(simulate(marching, body, VIDEO), floor=guess))
    torch.testing.assert_close(level.normal[0], truth.normal)


def test_modes_by_default_and_on_request(body, marching):
    in_world, in_camera = simulate(marching, body, "noise=0"), simulate(marching, body, VIDEO)
    floor = Floor(torch.tensor([0.0, -1.0, 0.0]), torch.tensor(-1.0))
    with_floor = replace(in_camera, floor=floor, floor_is_given=True)
    assert ground_mode("default", [in_world]) == "given"
    assert ground_mode("default", [in_camera]) == "auto"
    assert ground_mode("default", [with_floor]) == "given"
    assert ground_mode("auto", [with_floor]) == "auto"
    assert ground_mode("none", [in_world]) == "none"
    with pytest.raises(SettingsError, match="no given floor"):
        ground_mode("given", [in_camera])
    with pytest.raises(ValueError, match="one by one"):
        ground_mode("default", [in_camera, with_floor])


def ground_in(mode):
    eye = torch.eye(3)
    return Ground(
        mode, eye[:2].flip(0), torch.tensor([0.3, -0.2]), torch.tensor([[1.0, 0.3, 2.0], [-0.2, 1.0, 1.0]]),
        torch.eye(2).expand(2, 2, 2), torch.ones(2),
    )  # fmt: skip


def test_no_change_is_the_same_floor_bit_for_bit_and_a_tilt_turns_about_the_anchor():
    ground = ground_in("auto")
    values = ground.start()
    normal, offset = ground.at(values, 3)
    assert torch.equal(normal, ground.normal.repeat_interleave(3, 0))
    assert torch.equal(offset, ground.offset.repeat_interleave(3, 0))
    assert (ground.deviation(values) == 0).all()
    tilted = {**values, "floor_tilt": torch.tensor([[0.1, -0.2], [0.0, 0.05]])}
    normal, offset = ground.at(tilted, 1)
    torch.testing.assert_close(normal.norm(dim=-1), torch.ones(2))
    torch.testing.assert_close((normal * ground.anchor).sum(-1), offset)
    torch.testing.assert_close(ground.deviation(tilted), 0.5 * tilted["floor_tilt"].square().sum(-1))


def test_each_mode_frees_what_it_says():
    assert set(ground_in("auto").start()) == {"floor_tilt", "floor_shift"}
    assert set(ground_in("level").start()) == {"floor_shift"}
    assert ground_in("given").start() == {}
    assert ground_in("given").deviation({}) is None
