import numpy as np
import torch
from scipy.spatial.transform import Rotation
from skeleton_files import perform, write_acclaim

from motionfit.files.asf_amc import read_amc
from motionfit.retarget.rig import pose_rig


def test_forward_kinematics_is_that_of_a_loop():
    parents = (-1, 0, 1, 0, 3, 2)
    generator = np.random.default_rng(5)
    local = Rotation.random(7 * 6, random_state=5).as_matrix().reshape(7, 6, 3, 3)
    offsets = generator.normal(size=(7, 6, 3))
    rotations, positions = pose_rig(parents, torch.from_numpy(local), torch.from_numpy(offsets))
    for frame in range(7):
        turns, places = [], []
        for joint, parent in enumerate(parents):
            above = np.eye(3) if parent < 0 else turns[parent]
            places.append((0 if parent < 0 else places[parent]) + above @ offsets[frame, joint])
            turns.append(above @ local[frame, joint])
        np.testing.assert_allclose(rotations[frame].numpy(), turns, atol=1e-12)
        np.testing.assert_allclose(positions[frame].numpy(), places, atol=1e-12)


def test_a_slice_keeps_the_rest(tmp_path):
    rig = read_amc(write_acclaim(tmp_path, perform(12)))
    part = rig.slice(3, 7)
    assert part.frames == 4
    assert torch.equal(part.positions, rig.positions[3:7])
    assert torch.equal(part.rotations, rig.rotations[3:7])
    assert torch.equal(part.reference_positions, rig.reference_positions)
