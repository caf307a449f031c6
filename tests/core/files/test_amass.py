from dataclasses import replace

import numpy as np
import pytest
import torch

from motionfit.errors import InputError
from motionfit.files.amass import amass_arrays, read_amass, write_amass
from motionfit.geometry.rotations import geodesic_angle
from motionfit.metrics.drift import joints_of


def written(path, motion, **changes):
    arrays = {**amass_arrays(motion), **changes}
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


def test_round_trip_keeps_the_motion(tmp_path, walking):
    write_amass(tmp_path / "motion.npz", walking)
    back = read_amass(tmp_path / "motion.npz")
    assert back.fps == 30.0
    assert back.gender == "neutral"
    assert float(geodesic_angle(back.body_pose, walking.body_pose).max()) < 1e-3
    torch.testing.assert_close(back.root_orientation, walking.root_orientation, atol=1e-5, rtol=0)
    torch.testing.assert_close(back.translation, walking.translation)
    torch.testing.assert_close(back.betas, walking.betas)


def test_root_joint_stands_at_rest_pelvis_plus_translation(tmp_path, walking, open_body):
    write_amass(tmp_path / "motion.npz", walking)
    back = read_amass(tmp_path / "motion.npz")
    root = joints_of(open_body, back)[:, 0]
    torch.testing.assert_close(root, open_body.rest_joints(back.betas)[0] + back.translation)


@pytest.mark.parametrize("columns", [66, 156, 165])
def test_smplh_and_smplx_layouts_give_the_same_body(tmp_path, walking, columns):
    poses = np.zeros((walking.frames, columns), np.float32)
    poses[:, :66] = amass_arrays(walking)["poses"][:, :66]
    path = written(tmp_path / "m.npz", walking, poses=poses, mocap_framerate=None, mocap_frame_rate=np.array(30))
    torch.testing.assert_close(read_amass(path).body_pose, walking.body_pose, atol=1e-5, rtol=0)


def test_ten_betas_and_bytes_gender_are_read(tmp_path, walking):
    path = written(tmp_path / "m.npz", walking, betas=np.arange(10.0), gender=np.array(b"female"))
    back = read_amass(path)
    assert back.gender == "female"
    assert back.betas.tolist() == [*map(float, range(10)), *[0.0] * 6]


def test_integer_rates_are_decimated_exactly(tmp_path, walking):
    path = written(tmp_path / "m.npz", walking, mocap_framerate=np.array(120.0))
    back, whole = read_amass(path), read_amass(path, fps=None)
    assert (back.frames, back.fps, whole.fps) == (6, 30.0, 120.0)
    assert torch.equal(back.body_pose, whole.body_pose[::4])
    assert torch.equal(back.translation, whole.translation[::4])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"poses": None}, "has no poses"),
        ({"trans": None}, "has no trans"),
        ({"poses": np.zeros((24, 60))}, "shape (24, 60)"),
        ({"trans": np.zeros((23, 3))}, "shape (23, 3)"),
        ({"mocap_framerate": None}, "frame rate"),
        ({"mocap_framerate": np.array(0.0)}, "is 0"),
        ({"mocap_framerate": np.array(np.nan)}, "nan"),
        ({"trans": np.full((24, 3), np.nan)}, "NaN"),
        ({"trans": np.arange(72.0).reshape(24, 3) * 1000}, "millimetres"),
        ({"poses": np.zeros((0, 156)), "trans": np.zeros((0, 3))}, "no frames"),
    ],
)
def test_wrong_motions_are_named(tmp_path, walking, changes, said):
    path = written(tmp_path / "wrong.npz", walking, **changes)
    with pytest.raises(InputError) as caught:
        read_amass(path)
    assert said in caught.value.message
    assert "wrong.npz" in caught.value.message


def test_root_and_body_apart_are_the_same_motion(tmp_path, walking):
    poses = amass_arrays(walking)["poses"]
    path = written(
        tmp_path / "walk_stageii.npz",
        walking,
        poses=None,
        root_orient=poses[:, :3],
        pose_body=poses[:, 3:66],
        mocap_framerate=None,
        mocap_frame_rate=np.array(30.0),
        surface_model_type=np.array("smplx"),
    )
    back = read_amass(path)
    torch.testing.assert_close(back.body_pose, walking.body_pose, atol=1e-5, rtol=0)
    torch.testing.assert_close(back.root_orientation, walking.root_orientation, atol=1e-5, rtol=0)
    bare = written(tmp_path / "bare.npz", walking, poses=None, root_orient=poses[:3, :3], pose_body=poses[:, 3:66])
    with pytest.raises(InputError, match=r"\(3, 3\) and \(24, 63\)"):
        read_amass(bare)


@pytest.mark.parametrize("changes", [{"surface_model_type": np.array("smplx")}, {"poses": np.zeros((24, 165))}])
def test_the_shape_of_smplx_is_left_out(tmp_path, walking, changes):
    path = written(tmp_path / "m.npz", walking, betas=np.ones(300), **changes)
    assert read_amass(path).betas.abs().max() == 0


def test_a_file_with_y_up_is_turned(tmp_path, walking, open_body):
    back = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    pelvis = open_body.rest_joints(walking.betas)[0]
    turned = replace(
        walking,
        translation=(walking.translation + pelvis) @ back.T - pelvis,
        root_orientation=back @ walking.root_orientation,
    )
    joints = joints_of(open_body, read_amass(written(tmp_path / "y.npz", turned, up_axis=np.array("Y"))))
    # The pelvis of this body is not quite where a body's pelvis is on average.
    torch.testing.assert_close(joints, joints_of(open_body, walking), atol=0.03, rtol=0)
    with pytest.raises(InputError, match="must be y or z"):
        read_amass(written(tmp_path / "x.npz", walking, up_axis=np.array("x")))


def test_infinite_shapes_are_refused(tmp_path, walking):
    with pytest.raises(InputError, match="betas holds NaN"):
        read_amass(written(tmp_path / "m.npz", walking, betas=np.full(16, np.nan)))
