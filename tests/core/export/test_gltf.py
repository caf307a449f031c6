"""Written files are read by pygltflib and skinned here by the rules of the glTF 2.0 specification."""

import numpy as np
import pygltflib
import pytest
import torch
import trimesh
from scipy.spatial.transform import Rotation

from motionfit.body.model import vertices
from motionfit.body.skeleton import JOINT_NAMES
from motionfit.export.clip import ExportClip
from motionfit.export.gltf import write_glb

TYPES = {5126: np.float32, 5123: np.uint16, 5125: np.uint32}
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@pytest.fixture(scope="module")
def clip(walking, open_body):
    return ExportClip("walk", walking, open_body)


@pytest.fixture(scope="module")
def file(clip, tmp_path_factory):
    path = tmp_path_factory.mktemp("glb") / "walk.glb"
    write_glb(path, clip)
    return path


@pytest.fixture(scope="module")
def gltf(file):
    return pygltflib.GLTF2().load(str(file))


def values(gltf, accessor):
    told = gltf.accessors[accessor]
    view = gltf.bufferViews[told.bufferView]
    blob = gltf.binary_blob()[view.byteOffset : view.byteOffset + view.byteLength]
    return np.frombuffer(blob, TYPES[told.componentType]).reshape(told.count, WIDTHS[told.type])


def world_matrices(gltf, frame):
    """Matrix of every node at a key frame of the animation, parents first."""
    places = {number: np.array(node.translation or (0, 0, 0.0)) for number, node in enumerate(gltf.nodes)}
    turns = {number: Rotation.identity() for number in places}
    for channel in gltf.animations[0].channels:
        value = values(gltf, gltf.animations[0].samplers[channel.sampler].output)[frame]
        if channel.target.path == "translation":
            places[channel.target.node] = value
        else:
            turns[channel.target.node] = Rotation.from_quat(value)
    found = {}

    def visit(number, outer):
        own = np.eye(4)
        own[:3, :3], own[:3, 3] = turns[number].as_matrix(), places[number]
        found[number] = outer @ own
        for child in gltf.nodes[number].children or ():
            visit(child, found[number])

    visit(gltf.scenes[gltf.scene].nodes[0], np.eye(4))
    return found


def z_up(points):
    return np.stack([points[:, 0], -points[:, 2], points[:, 1]], 1)


@pytest.mark.parametrize("frame", [0, 11])
def test_joint_nodes_are_where_the_body_has_its_joints(clip, gltf, frame):
    matrices = world_matrices(gltf, frame)
    nodes = {node.name: number for number, node in enumerate(gltf.nodes)}
    found = np.stack([matrices[nodes[name]][:3, 3] for name in JOINT_NAMES])
    assert np.abs(z_up(found) - clip.posed().joints[frame].numpy()).max() < 1e-4


@pytest.mark.parametrize("frame", [0, 11])
def test_the_skinned_mesh_is_the_body_but_for_the_pose_corrections(clip, gltf, frame):
    motion, body = clip.motion, clip.body
    matrices, skin = world_matrices(gltf, frame), gltf.skins[0]
    inverse = values(gltf, skin.inverseBindMatrices).reshape(-1, 4, 4).transpose(0, 2, 1)
    moves = np.stack([matrices[node] @ inverse[place] for place, node in enumerate(skin.joints)])
    attributes = gltf.meshes[0].primitives[0].attributes
    rest = values(gltf, attributes.POSITION)
    blended = np.zeros((len(rest), 4, 4))
    for joints, weights in ((attributes.JOINTS_0, attributes.WEIGHTS_0), (attributes.JOINTS_1, attributes.WEIGHTS_1)):
        if joints is not None:
            blended += np.einsum("vk,vkij->vij", values(gltf, weights), moves[values(gltf, joints)])
    skinned = z_up(np.einsum("vij,vj->vi", blended, np.c_[rest, np.ones(len(rest))])[:, :3])
    one = motion.slice(frame, frame + 1)
    whole = vertices(body, one.betas, one.translation, one.root_orientation, one.body_pose)[0].numpy()
    flat = torch.zeros_like(body.surface.pose_directions)
    plain_surface = type(body.surface)(body.surface.template, body.surface.shape_directions, flat, body.surface.weights)
    plain = type(body)(**{**body.__dict__, "surface": plain_surface})
    linear = vertices(plain, one.betas, one.translation, one.root_orientation, one.body_pose)[0].numpy()
    assert np.abs(skinned - linear).max() < 1e-4
    assert np.linalg.norm(skinned - whole, axis=1).mean() < 0.01


def test_the_structure_is_what_the_specification_asks_for(clip, gltf, file):
    assert file.read_bytes()[:4] == b"glTF"
    assert len(file.read_bytes()) % 4 == 0
    assert gltf.asset.version == "2.0"
    assert gltf.buffers[0].byteLength == len(gltf.binary_blob())
    for number, told in enumerate(gltf.accessors):
        view = gltf.bufferViews[told.bufferView]
        size = np.dtype(TYPES[told.componentType]).itemsize * WIDTHS[told.type] * told.count
        assert view.byteLength == size, number
        assert view.byteOffset % 4 == 0
    attributes = gltf.meshes[0].primitives[0].attributes
    assert gltf.accessors[attributes.POSITION].min == values(gltf, attributes.POSITION).min(0).tolist()
    sums = values(gltf, attributes.WEIGHTS_0).sum(1)
    if attributes.WEIGHTS_1 is not None:
        sums = sums + values(gltf, attributes.WEIGHTS_1).sum(1)
    assert np.abs(sums - 1.0).max() < 1e-5
    assert np.abs(np.linalg.norm(values(gltf, attributes.NORMAL), axis=1) - 1.0).max() < 1e-5
    times = values(gltf, gltf.animations[0].samplers[0].input)[:, 0]
    assert times == pytest.approx(np.arange(clip.motion.frames) / clip.motion.fps)
    for sampler in gltf.animations[0].samplers[1:]:
        turns = values(gltf, sampler.output)
        assert np.abs(np.linalg.norm(turns, axis=1) - 1.0).max() < 1e-5
        assert (turns[1:] * turns[:-1]).sum(1).min() > 0


def test_trimesh_opens_it_with_all_vertices(clip, file):
    scene = trimesh.load(file)
    assert sum(len(mesh.vertices) for mesh in scene.geometry.values()) == len(clip.body.surface.template)
