"""The shipped open body is a sound SMPL-H file."""

from importlib import resources

import numpy as np
import pytest
import smplx
import torch
from scipy.spatial.transform import Rotation

from motionfit.open_body.landmarks import KEYPOINTS, SMPLX_LANDMARKS
from motionfit.open_body.mesh import face_normals, is_closed
from motionfit.open_body.skeleton import JOINT_INDEX, MIRROR, PARENTS

FLIP = np.array([-1.0, 1.0, 1.0])
LITERATURE_KEYPOINTS = [
    *(4404, 920, 3076, 3169, 823, 4310, 1010, 1085, 4495, 4569, 6615, 3217, 3313, 6713, 6785, 3383),
    *(6607, 3207, 1241, 1508, 4797, 4122, 1618, 1569, 5135, 5040, 5691, 5636, 5404, 2230, 2173, 2108),
    *(134, 3645, 6543, 3123, 3024, 4194, 1306, 182, 3694, 4294, 744),
]


@pytest.fixture(scope="module")
def body():
    path = resources.files("motionfit_resources").joinpath("body", "open_body_neutral.npz")
    with resources.as_file(path) as file, np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


@pytest.fixture(scope="module")
def mirror(body):
    vertices = body["v_template"]
    index = {tuple(vertex): row for row, vertex in enumerate(vertices.tolist())}
    # -0.0 and 0.0 are equal keys; vertices at one place would hide each other
    assert len(index) == len(vertices)
    return np.array([index[tuple(vertex)] for vertex in (vertices * np.float32(FLIP)).tolist()])


@pytest.fixture(scope="module")
def reader(body, tmp_path_factory):
    # smplx cuts to 10 betas if a file has fewer than 300 shape directions
    padding = np.zeros((*body["v_template"].shape, 300 - 16), dtype=np.float32)
    path = tmp_path_factory.mktemp("body") / "SMPLH_NEUTRAL.npz"
    np.savez(path, **{**body, "shapedirs": np.concatenate([body["shapedirs"], padding], axis=2)})
    return smplx.SMPLH(str(path), ext="npz", num_betas=16, use_pca=False, flat_hand_mean=True)


def test_arrays_have_the_shapes_and_types_of_an_smplh_file(body):
    count = len(body["v_template"])
    shapes = {
        "v_template": (count, 3),
        "shapedirs": (count, 3, 16),
        "posedirs": (count, 3, 459),
        "J_regressor": (52, count),
        "weights": (count, 52),
        "J": (52, 3),
        "hands_meanl": (45,),
        "hands_meanr": (45,),
        "hands_componentsl": (45, 45),
        "hands_componentsr": (45, 45),
    }
    assert {name: body[name].shape for name in shapes} == shapes
    assert {body[name].dtype for name in shapes} == {np.dtype(np.float32)}
    assert all(np.isfinite(body[name]).all() for name in shapes)
    assert body["f"].dtype == np.uint32
    assert body["kintree_table"].dtype == np.int64
    assert body["kintree_table"].tolist() == [list(PARENTS), list(range(52))]
    assert "CC0" in str(body["license"])
    assert (str(body["bs_type"]), str(body["bs_style"])) == ("lrotmin", "lbs")


def test_file_is_small_enough_to_ship():
    path = resources.files("motionfit_resources").joinpath("body", "open_body_neutral.npz")
    assert len(path.read_bytes()) < 3.5e6


def test_mesh_is_closed_and_faces_outwards(body):
    triangles, vertices = body["f"].astype(np.int64), body["v_template"].astype(np.float64)
    assert is_closed(triangles)
    assert len(np.unique(triangles)) == len(vertices)
    normals = face_normals(vertices, triangles)
    volume = np.sum(vertices[triangles[:, 0]] * normals) / 6.0
    assert 0.05 < volume < 0.08
    smooth = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(smooth, triangles[:, corner], normals)
    agreement = np.sum(smooth[triangles].sum(axis=1) * normals, axis=1)
    assert np.mean(agreement > 0) > 0.998


def test_everything_is_mirror_symmetric(body, mirror):
    faces = {frozenset(face) for face in body["f"].tolist()}
    assert {frozenset(face) for face in mirror[body["f"].astype(np.int64)].tolist()} == faces
    joints = list(MIRROR)
    np.testing.assert_allclose(body["weights"][mirror][:, joints], body["weights"], atol=1e-6)
    np.testing.assert_allclose(body["J_regressor"][joints][:, mirror], body["J_regressor"], atol=1e-6)
    shapes = body["shapedirs"][mirror] * FLIP[None, :, None]
    np.testing.assert_allclose(shapes, body["shapedirs"], atol=1e-6)
    poses = body["posedirs"].reshape(-1, 3, 51, 3, 3)
    opposite = [joint - 1 for joint in joints[1:]]
    signs = np.einsum("a,b,c->abc", FLIP, FLIP, FLIP)[None, :, None]
    np.testing.assert_allclose(poses[mirror][:, :, opposite] * signs, poses, atol=2e-5)


def test_skin_weights_and_regressor_are_convex(body):
    for name in ("weights", "J_regressor"):
        assert body[name].min() >= 0
        np.testing.assert_allclose(body[name].sum(axis=1), 1.0, atol=1e-5)
    assert (body["weights"] > 0).sum(axis=1).max() <= 6


def test_regressor_gives_the_joints_and_holds_the_pelvis_still(body):
    regressor = body["J_regressor"].astype(np.float64)
    np.testing.assert_allclose(regressor @ body["v_template"], body["J"], atol=1e-6)
    np.testing.assert_allclose(body["J"][0], [0.0, -0.22, 0.028], atol=2e-3)
    assert np.abs(np.einsum("v,vac->ac", regressor[0], body["shapedirs"])).max() < 1e-3


def test_joints_stand_as_in_smpl(body):
    """Anatomical order and a T pose: motion made for SMPL must transfer."""
    joints = {name: body["J"][index] for name, index in JOINT_INDEX.items()}
    heights = [joints[name][1] for name in ("left_ankle", "left_knee", "left_hip", "pelvis", "spine1")]
    heights += [joints[name][1] for name in ("spine2", "spine3", "neck", "head")]
    assert np.all(np.diff(heights) > 0.03)
    arm = [joints[f"left_{name}"] for name in ("shoulder", "elbow", "wrist", "middle1")]
    assert np.all(np.diff([point[0] for point in arm]) > 0.08)
    assert np.ptp([point[1] for point in arm]) < 0.03


def test_slots_hold_distinct_vertices_on_the_right_side(body):
    used = [index for mark in (*KEYPOINTS, *SMPLX_LANDMARKS) for index in (mark.left, mark.right)]
    used = [index for index in used if index is not None]
    assert len(used) == len(set(used)) == 64
    assert body["keypt_vids"].tolist() == LITERATURE_KEYPOINTS
    for mark in (*KEYPOINTS, *SMPLX_LANDMARKS):
        for index, side in ((mark.left, 1.0), (mark.right, -1.0)):
            if index is None:
                continue
            vertex = body["v_template"][index]
            if mark.is_middle:
                assert vertex[0] == 0
            else:
                assert vertex[0] * side > 0.02
                joint = body["J"][JOINT_INDEX[mark.joint]] * [side if "left" in mark.joint else 1, 1, 1]
                assert np.linalg.norm(vertex - joint - np.array(mark.offset) * [side, 1, 1]) < 0.025


def test_slots_of_smplx_are_its_own_landmarks(body):
    expected = {index for name, index in smplx.vertex_ids.vertex_ids["smplh"].items()}
    assert set(body["vertex_ids"].tolist()) == expected


def test_stature_varies_like_that_of_adults(body):
    betas = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
    heights = body["v_template"][:, 1] + betas @ body["shapedirs"][:, 1].T
    statures = np.ptp(heights, axis=1)
    assert abs(statures.mean() - 1.70) < 0.02
    assert 0.07 < statures.std() < 0.11
    taller = body["v_template"][:, 1] + body["shapedirs"][:, 1, 0]
    assert np.ptp(taller) > np.ptp(body["v_template"][:, 1]) + 0.05


def _skinned(body, pose, betas):
    """Plain linear blend skinning with pose corrections, written from the formula (float64)."""
    shaped = body["v_template"] + body["shapedirs"].astype(np.float64) @ betas
    joints = body["J_regressor"].astype(np.float64) @ shaped
    rotations = Rotation.from_rotvec(pose).as_matrix()
    posed = shaped + body["posedirs"].astype(np.float64) @ (rotations[1:] - np.eye(3)).ravel()
    world, places = np.empty_like(rotations), np.empty_like(joints)
    for joint, parent in enumerate(PARENTS):
        if parent < 0:
            world[joint], places[joint] = rotations[joint], joints[joint]
        else:
            world[joint] = world[parent] @ rotations[joint]
            places[joint] = places[parent] + world[parent] @ (joints[joint] - joints[parent])
    shift = places - np.einsum("jab,jb->ja", world, joints)
    weights = body["weights"].astype(np.float64)
    turned = np.einsum("vj,jab,vb->va", weights, world, posed, optimize=True)
    return turned + weights @ shift


def test_smplx_reads_it_and_agrees_with_the_formula(body, reader):
    rng = np.random.default_rng(1)
    pose, betas, translation = rng.normal(0, 0.4, (52, 3)), rng.normal(size=16), rng.normal(size=3)

    def row(values):
        return torch.tensor(values, dtype=torch.float32).reshape(1, -1)

    output = reader(
        betas=row(betas),
        global_orient=row(pose[0]),
        body_pose=row(pose[1:22]),
        left_hand_pose=row(pose[22:37]),
        right_hand_pose=row(pose[37:]),
        transl=row(translation),
    )
    expected = _skinned(body, pose, betas) + translation
    np.testing.assert_allclose(output.vertices[0].detach().numpy(), expected, atol=1e-5)
    assert output.joints.shape == (1, 52 + 21, 3)


@pytest.mark.parametrize(("joint", "axis"), [("left_elbow", 1), ("left_knee", 0), ("left_hip", 0)])
def test_pose_directions_keep_the_volume_of_a_bent_joint(body, joint, axis):
    pose = np.zeros((52, 3))
    pose[JOINT_INDEX[joint], axis] = -1.6 if joint != "left_knee" else 1.6
    triangles = body["f"].astype(np.int64)

    def volume(vertices):
        return np.sum(vertices[triangles[:, 0]] * face_normals(vertices, triangles)) / 6.0

    rest = volume(body["v_template"].astype(np.float64))
    corrected = volume(_skinned(body, pose, np.zeros(16)))
    plain = volume(_skinned({**body, "posedirs": np.zeros_like(body["posedirs"])}, pose, np.zeros(16)))
    assert plain < corrected
    assert abs(corrected / rest - 1) < 0.012


def test_right_hand_poses_mirror_the_left(body):
    signs = np.tile([1.0, -1.0, -1.0], 15)
    np.testing.assert_array_equal(body["hands_meanr"], body["hands_meanl"] * signs)
    basis = body["hands_componentsl"].astype(np.float64)
    np.testing.assert_allclose(basis @ basis.T, np.eye(45), atol=1e-6)
    np.testing.assert_array_equal(body["hands_componentsr"], body["hands_componentsl"] * signs)
