"""Parts of the open body's builder, on small inputs."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from motionfit.open_body import makehuman
from motionfit.open_body.build import BuildSettings
from motionfit.open_body.decimate import HalfMesh, decimate_half
from motionfit.open_body.joints import ring_weights
from motionfit.open_body.landmarks import permutation
from motionfit.open_body.macro import ORIGINS, Person, hat, local_targets, macro_shares
from motionfit.open_body.makehuman import find_source
from motionfit.open_body.mannequin import filled
from motionfit.open_body.mesh import is_closed, mirrored_triangles, neighbour_mean, vertex_areas
from motionfit.open_body.posedirs import pose_directions, ridge, wanted_offsets
from motionfit.open_body.regressor import joint_regressor, nonnegative_mean
from motionfit.open_body.shape_space import shape_space
from motionfit.open_body.skeleton import (
    JOINT_INDEX,
    JOINT_NAMES,
    MIRROR,
    MIRROR_SIGN,
    PARENTS,
    descendants,
)
from motionfit.open_body.skinning import (
    dual_quaternion_skinning,
    mirror_averaged,
    prune_weights,
    trunk_shares,
)
from motionfit.open_body.tpose import PELVIS, forward_kinematics, swing


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def _sphere(rng):
    """A mirror-symmetric closed mesh whose middle line lies at x = 0."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.column_stack([np.zeros(24), np.cos(angle), np.sin(angle)])
    left = rng.normal(size=(150, 3))
    left[:, 0] = np.abs(left[:, 0]) + 0.15
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    points = np.concatenate([ring, left])
    hull = ConvexHull(points)
    triangles = hull.simplices[np.abs(hull.equations[:, 0] + 1.0) > 1e-6]
    outward = np.linalg.det(points[triangles]) > 0
    triangles[~outward] = triangles[~outward][:, ::-1]
    vertices = np.concatenate([points, left * MIRROR_SIGN])
    mirror = np.concatenate([np.arange(24), np.arange(150) + 174, np.arange(150) + 24])
    return vertices, triangles, mirror


@pytest.mark.parametrize("target", [250, 120])
def test_decimation_keeps_the_mesh_closed_and_the_protected_vertices(rng, target):
    vertices, left, mirror = _sphere(rng)
    assert is_closed(np.concatenate([left, mirror[left][:, ::-1]]))
    is_middle = mirror == np.arange(len(vertices))
    half = HalfMesh(vertices, left, is_middle, np.zeros((len(vertices), 1)), np.ones(len(vertices)))
    protected = {0, 30, 77}
    kept, faces = decimate_half(half, protected, target)
    whole = np.concatenate([faces, mirror[faces][:, ::-1]])
    assert is_closed(whole)
    assert protected <= set(kept.tolist())
    assert set(np.unique(faces)) == set(kept.tolist())
    assert len(np.unique(whole)) <= target
    volume = np.linalg.det(vertices[whole]).sum() / 6
    assert volume > 0.85 * np.linalg.det(vertices[left]).sum() / 3


def test_decimation_loses_unimportant_vertices_first(rng):
    vertices, left, mirror = _sphere(rng)
    is_middle = mirror == np.arange(len(vertices))
    importance = np.where(vertices[:, 1] > 0, 1.0, 1e-4)
    half = HalfMesh(vertices, left, is_middle, np.zeros((len(vertices), 1)), importance)
    kept, _ = decimate_half(half, set(), 230)
    above = np.sum(vertices[kept, 1] > 0) / np.sum(vertices[np.unique(left), 1] > 0)
    below = np.sum(vertices[kept, 1] <= 0) / np.sum(vertices[np.unique(left), 1] <= 0)
    assert above > 0.95 > 0.6 > below


def test_an_open_mesh_is_not_called_closed(rng):
    _, left, mirror = _sphere(rng)
    assert not is_closed(left)
    assert not is_closed(np.concatenate([left, mirror[left]]))


def test_quads_are_split_alike_on_both_sides():
    quads = np.array([[0, 1, 2, 3], [5, 4, 0, 3]])
    mirror = np.array([0, 4, 5, 3, 1, 2])
    left, right = mirrored_triangles(quads, mirror, np.array([0.0, 1, 1, 0, -1, -1]))
    assert {frozenset(face) for face in left.tolist()} == {frozenset({0, 1, 2}), frozenset({0, 2, 3})}
    assert {frozenset(face) for face in right.tolist()} == {frozenset({0, 4, 5}), frozenset({0, 5, 3})}


def test_vertex_areas_add_up_to_the_surface(rng):
    vertices, left, mirror = _sphere(rng)
    whole = np.concatenate([left, mirror[left][:, ::-1]])
    areas = vertex_areas(vertices, whole)
    assert 0.93 * 4 * np.pi < areas.sum() < 4 * np.pi


def test_filling_flattens_a_bump_and_keeps_the_rest(rng):
    vertices, left, mirror = _sphere(rng)
    whole = np.concatenate([left, mirror[left][:, ::-1]])
    mean = neighbour_mean(whole, len(vertices))
    bumped = vertices.copy()
    bumped[40] *= 1.4
    mask = np.zeros(len(vertices))
    mask[40] = 1.0
    result = filled(bumped, mask, mean)
    assert np.linalg.norm(result[40]) < 1.1
    np.testing.assert_array_equal(np.delete(result, 40, axis=0), np.delete(vertices, 40, axis=0))
    np.testing.assert_allclose(filled(2 * bumped, mask, mean), 2 * result)


def test_hat_is_a_partition_of_one():
    for value in np.linspace(0, 1, 11):
        assert sum(hat(float(value), ("a", "b", "c")).values()) == pytest.approx(1.0)
    assert hat(0.5, ("a", "b", "c")) == {"b": 1.0}
    assert hat(0.25, ("a", "b", "c")) == {"a": 0.5, "b": 0.5}


def test_macro_shares_of_a_person_add_up():
    person = Person(0.3, 0.6, np.array([0.2, 0.3, 0.5]), 0.4, 0.7, -0.5, 0.25, {"arms/*-lowerarm-fat": -0.2})
    shares = macro_shares(person)
    assert len(ORIGINS) == 3
    groups = {"universal": 1.0, "minheight": 0.5, "maxheight": 0.0, "idealproportions": 0.25}
    for part, total in groups.items():
        assert sum(share for name, share in shares.items() if part in name) == pytest.approx(total)
    origin = sum(
        shares[f"macrodetails/{o}-{g}-{a}"] for o in ORIGINS for g in ("female", "male") for a in ("young", "old")
    )
    assert origin == pytest.approx(1.0)
    assert shares["arms/l-lowerarm-fat-decr"] == shares["arms/r-lowerarm-fat-decr"] == 0.2
    assert local_targets("hip/hip-scale-depth", "incr") == ["hip/hip-scale-depth-incr"]


def test_skeleton_mirror_and_tree():
    assert [MIRROR[MIRROR[joint]] for joint in range(52)] == list(range(52))
    assert JOINT_NAMES[PARENTS[JOINT_INDEX["right_thumb1"]]] == "right_wrist"
    assert all(parent < joint for joint, parent in enumerate(PARENTS))
    assert [JOINT_NAMES[joint] for joint in descendants(JOINT_INDEX["left_knee"])] == [
        "left_knee",
        "left_ankle",
        "left_foot",
    ]


def test_pruned_weights_are_few_and_sum_to_one(rng):
    weights = prune_weights(rng.random((50, 12)) ** 4 + 1e-6, 0.004, 6)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert (weights > 0).sum(axis=1).max() <= 6
    assert weights[weights > 0].min() >= 0.004
    np.testing.assert_allclose(prune_weights(weights, 0.004, 6), weights)


def test_trunk_shares_run_from_pelvis_to_chest():
    heights = np.linspace(-0.5, 1.0, 200)
    shares = trunk_shares(heights, np.array([0.0, 0.12, 0.24, 0.31]))
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert shares.min() >= 0
    assert shares[0].argmax() == 0
    assert shares[-1].argmax() == 3
    assert np.all(np.diff(shares @ np.arange(4)) >= -1e-12)


def test_mirror_averaging_is_symmetric(rng):
    mirror = np.array([1, 0, 2])
    weights = mirror_averaged(rng.random((3, 52)), mirror)
    np.testing.assert_allclose(weights[mirror][:, list(MIRROR)], weights)


def test_dual_quaternion_skinning_moves_a_rigid_body_rigidly(rng):
    vertices, joints = rng.normal(size=(20, 3)), rng.normal(size=(52, 3))
    rotation = Rotation.from_rotvec([0.4, -1.0, 0.3]).as_matrix()
    shift = np.array([0.3, -0.2, 1.0])
    weights = prune_weights(rng.random((20, 52)), 0.0, 6)
    posed = dual_quaternion_skinning(
        vertices, sp.csr_array(weights), np.tile(rotation, (52, 1, 1)), joints, joints @ rotation.T + shift
    )
    np.testing.assert_allclose(posed, vertices @ rotation.T + shift, atol=1e-12)


def test_swing_takes_one_direction_to_the_other(rng):
    start, end = rng.normal(size=3), rng.normal(size=3)
    rotation = swing(start, end)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(rotation @ start / np.linalg.norm(start), end / np.linalg.norm(end), atol=1e-12)


def test_forward_kinematics_keeps_bones_and_places_the_pelvis(rng):
    joints = rng.normal(size=(52, 3))
    posed = forward_kinematics(Rotation.random(52, rng=1).as_matrix(), joints)
    parents = list(PARENTS[1:])
    before = np.linalg.norm(joints[1:] - joints[parents], axis=1)
    np.testing.assert_allclose(np.linalg.norm(posed[1:] - posed[parents], axis=1), before)
    np.testing.assert_array_equal(posed[0], PELVIS)


def test_ring_weights_meet_the_location(rng):
    angle = rng.uniform(0, 2 * np.pi, 40)
    ring = np.column_stack([0.1 * np.cos(angle), rng.normal(0, 0.01, 40), 0.1 * np.sin(angle)])
    location = np.array([0.01, 0.0, -0.02])
    weights = ring_weights(ring, location)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(weights @ ring, location, atol=1e-4)


def test_nonnegative_mean_recovers_a_convex_combination(rng):
    points = rng.normal(size=(60, 3, 12))
    truth = np.zeros(12)
    truth[[1, 4, 9]] = 0.2, 0.5, 0.3
    np.testing.assert_allclose(nonnegative_mean(points, points @ truth), truth, atol=1e-4)


def test_joint_regressor_is_symmetric(rng):
    left = rng.normal(0.5, 0.1, (30, 20, 3))
    bodies = np.concatenate([left, left * MIRROR_SIGN], axis=1)
    mirror = np.concatenate([np.arange(20) + 20, np.arange(20)])
    joints = np.zeros((30, 52, 3))
    for joint, opposite in enumerate(MIRROR):
        joints[:, joint] = bodies[:, :40].mean(axis=1) if joint == opposite else joints[:, joint]
        if opposite > joint:
            joints[:, joint] = left[:, joint % 20]
            joints[:, opposite] = joints[:, joint] * MIRROR_SIGN
    regressor = joint_regressor(bodies, joints, mirror, np.arange(40))
    np.testing.assert_allclose(regressor[list(MIRROR)][:, mirror], regressor)
    np.testing.assert_allclose(regressor.sum(axis=1), 1.0)
    np.testing.assert_allclose(regressor @ bodies, joints, atol=2e-3)


def test_shape_space_finds_the_directions_at_unit_variance(rng):
    mean = rng.normal(size=(40, 3))
    stretch = np.zeros((40, 3))
    stretch[:, 1] = -0.05 * mean[:, 1]
    bodies = mean + rng.normal(size=(500, 1, 1)) * stretch
    space = shape_space(bodies, np.ones(40), 1)
    assert space.explained == pytest.approx(1.0)
    np.testing.assert_allclose(space.directions[:, :, 0], -stretch, atol=0.1 * np.abs(stretch).max())
    shares = np.linalg.lstsq(space.directions.reshape(-1, 1), (bodies - space.mean).reshape(500, -1).T)[0]
    assert shares.std(ddof=1) == pytest.approx(1.0)


def test_offsets_make_linear_skinning_meet_the_partial_rotation():
    rotation = Rotation.from_rotvec([0.0, 0.0, 1.8]).as_matrix()[None]
    arms, shares = np.array([[0.1, 0.02, 0.03]]), np.array([0.5])
    offsets = wanted_offsets(arms, shares, rotation)[0, 0]
    skinned = 0.5 * (np.eye(3) + rotation[0]) @ (arms[0] + offsets)
    np.testing.assert_allclose(skinned, Rotation.from_rotvec([0.0, 0.0, 0.9]).apply(arms[0]), atol=1e-12)


def test_offsets_vanish_where_one_joint_holds_the_vertex():
    rotations = Rotation.random(5, rng=1).as_matrix()
    offsets = wanted_offsets(np.ones((2, 3)), np.array([1e-9, 1.0 - 1e-9]), rotations)
    assert np.abs(offsets).max() < 1e-6


def test_ridge_recovers_a_linear_law(rng):
    features, law = rng.normal(size=(50, 4)), rng.normal(size=(4, 3))
    np.testing.assert_allclose(ridge(features, features @ law, 0.0), law)
    assert np.linalg.norm(ridge(features, features @ law, 1.0)) < np.linalg.norm(law)


def test_pose_directions_mirror(rng):
    left = rng.normal(0, 0.1, (4, 3)) + np.array([0.3, 0.0, 0.0])
    vertices = np.concatenate([left, left * MIRROR_SIGN])
    mirror = np.array([4, 5, 6, 7, 0, 1, 2, 3])
    weights = np.zeros((8, 52))
    weights[:4, [JOINT_INDEX["left_shoulder"], JOINT_INDEX["left_elbow"]]] = 0.5
    weights[4:] = weights[:4][:, list(MIRROR)]
    joints = np.zeros((52, 3))
    directions = pose_directions(vertices, joints, weights, mirror, rng).reshape(8, 3, 51, 3, 3)
    elbows = [JOINT_INDEX["left_elbow"] - 1, JOINT_INDEX["right_elbow"] - 1]
    assert np.abs(directions[:4, :, elbows[0]]).max() > 1e-3
    assert np.abs(directions[:4, :, elbows[1]]).max() == 0
    signs = np.einsum("a,b,c->abc", MIRROR_SIGN, MIRROR_SIGN, MIRROR_SIGN)
    np.testing.assert_array_equal(directions[4:, :, elbows[1]], signs * directions[:4, :, elbows[0]])


def test_permutation_puts_vertices_at_their_slots():
    order = permutation(6, {4: 0, 1: 5})
    assert sorted(order.tolist()) == list(range(6))
    assert (order[4], order[1]) == (0, 5)
    with pytest.raises(ValueError, match="too few"):
        permutation(4, {4: 0})


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="vertices"):
        BuildSettings(vertices=5000)
    with pytest.raises(ValueError, match="bodies"):
        BuildSettings(bodies=10)


def test_missing_source_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(makehuman, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="open-body"):
        find_source(None)
    with pytest.raises(FileNotFoundError, match=r"base\.obj is missing"):
        find_source(tmp_path)
