"""Posed frames are the core's; normals are unit vectors that point outwards."""

import gc
import weakref

import numpy as np
import pytest
import torch
from viewport_walk import make_walk

from motionfit.body.keypoints import body25_points
from motionfit.body.model import vertices
from motionfit_app.viewport.normals import VertexNormals
from motionfit_app.viewport.posed_meshes import PosedMeshes


@pytest.fixture(scope="module")
def meshes(body):
    return PosedMeshes(body)


def test_a_frame_is_the_cores_mesh(meshes, body, walk):
    whole = vertices(body, walk.betas, walk.translation, walk.root_orientation, walk.body_pose)
    for frame in (0, 17, 39):
        np.testing.assert_allclose(meshes.mesh(walk, frame).points[:, :3], whole[frame].numpy(), atol=2e-6)


def test_keypoints_and_root_path_are_the_cores(meshes, body, walk):
    points = body25_points(body, walk.betas, walk.translation, walk.root_orientation, walk.body_pose)
    torch.testing.assert_close(meshes.body25(walk, 5), points[5], atol=2e-6, rtol=0)
    np.testing.assert_allclose(meshes.root_path(walk)[9], meshes.joints(walk, 9)[0], atol=1e-6)


def test_a_frame_is_posed_once(meshes, walk):
    assert meshes.mesh(walk, 3) is meshes.mesh(walk, 3)


def test_old_frames_are_forgotten(body, walk, monkeypatch):
    monkeypatch.setattr("motionfit_app.viewport.posed_meshes._MESHES_KEPT", 2)
    meshes = PosedMeshes(body)
    first = meshes.mesh(walk, 0)
    for frame in (1, 2):
        meshes.mesh(walk, frame)
    assert meshes.mesh(walk, 0) is not first


def test_motions_that_went_are_not_kept_and_not_mistaken(meshes):
    motion = make_walk()
    meshes.mesh(motion, 0)
    gone = weakref.ref(motion)
    del motion
    gc.collect()
    assert gone() is None
    for sequence in range(1, 6):  # ids are used again
        other = make_walk(sequence)
        expected = vertices(meshes.body, other.betas, other.translation, other.root_orientation, other.body_pose)
        np.testing.assert_allclose(meshes.mesh(other, 0).points[:, :3], expected[0].numpy(), atol=2e-6)
        np.testing.assert_allclose(meshes.root(other, 0), meshes.joints(other, 0)[0], atol=1e-6)
        del other


def test_normals_are_of_unit_length_and_point_outwards(meshes, walk):
    points = meshes.mesh(walk, 0).points
    np.testing.assert_allclose(np.linalg.norm(points[:, 3:], axis=1), 1.0, atol=1e-4)
    moved = points[:, :3] + 1e-3 * points[:, 3:]
    faces = meshes.triangles.astype(int)

    def volume(places):
        a, b, c = (places[faces[:, k]].astype(np.float64) for k in range(3))
        return np.einsum("ij,ij->", a, np.cross(b, c)) / 6

    assert volume(moved) > volume(points[:, :3])


def test_normals_of_a_flat_square_stand_on_it():
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    normals = VertexNormals(np.array([[0, 1, 2], [0, 2, 3]]), 4).of(square)
    np.testing.assert_allclose(normals, np.tile([0, 0, 1], (4, 1)), atol=1e-6)
