from dataclasses import replace

import torch

from motionfit.geometry.planes import world_floor
from motionfit.pipeline.refit_start import better_start, known_velocities
from motionfit.simulation import simulate

from .conftest import walk
from .test_pose_residuals import pose_stage, weights_of


def test_the_better_of_two_starts_is_taken(body, priors):
    observed = simulate(walk(25), body, "noise=0", 0)
    stage, values = pose_stage([observed], body, priors)
    weights = weights_of("joints3d")
    locked = torch.zeros(25, dtype=torch.bool)
    locked[[0, -1]] = True
    far_neighbours = {name: value.clone() for name, value in values.items()}
    far_neighbours["translation"][0, locked] += 2.0
    kept = better_start(stage, far_neighbours, locked, weights)
    assert all(torch.equal(kept[name], value) for name, value in far_neighbours.items())
    far = {name: value.clone() for name, value in values.items()}
    far["translation"][0, 1:-1] += 2.0
    found = better_start(stage, far, locked, weights)
    for name in ("translation", "root_six", "pose_latents"):
        assert torch.equal(found[name][0, locked], far[name][0, locked])
    apart = (found["translation"] - values["translation"]).norm(dim=-1)
    assert float(apart.max()) < 0.3


def test_velocities_are_those_of_the_frames_before(body):
    standing = walk(1)
    frames = torch.arange(30.0)[:, None]
    motion = replace(
        walk(30),
        translation=standing.translation + frames / 30.0 * torch.tensor([0.0, 0.6, 0.0]),
        root_orientation=standing.root_orientation.expand(30, 3, 3),
        body_pose=standing.body_pose.expand(30, 21, 3, 3),
    )
    wild = replace(motion, translation=torch.cat([motion.translation[:20], motion.translation[20:] + 5.0]))
    found = known_velocities(wild, 19, world_floor(), body)
    torch.testing.assert_close(found["x0_linear_velocity"].norm(), torch.tensor(0.6), rtol=0, atol=1e-4)
    torch.testing.assert_close(
        found["x0_joint_velocities"][0], found["x0_linear_velocity"].expand(22, 3), rtol=0, atol=1e-4
    )
    assert float(found["x0_angular_velocity"].abs().max()) < 1e-4
    assert known_velocities(wild, 1, world_floor(), body) == {}
