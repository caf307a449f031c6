import formulas
import numpy as np
import pytest
import smplx
import torch

from motionfit.body import load
from motionfit.body.keypoints import body25_points
from motionfit.body.model import pose_skeleton, vertices
from motionfit.geometry.rotations import rotation_from_axis_angle


@pytest.fixture(scope="module")
def golden_body(tmp_path_factory):
    content = formulas.make_body()
    path = tmp_path_factory.mktemp("body") / "smplh.npz"
    np.savez(path, **content)
    return load._build({key: content[key] for key in content}, "hash").to(dtype=torch.float64), path


def arguments(data):
    def tensor(key):
        return torch.from_numpy(data[key])

    return (
        tensor("betas"),
        tensor("trans")[:, None],
        rotation_from_axis_angle(tensor("root_orient"))[:, None],
        rotation_from_axis_angle(tensor("pose_body").reshape(-1, 1, 21, 3)),
    )


def test_joints_and_vertices_meet_the_goldens(goldens, golden_body):
    data, (body, _) = goldens("smplh_forward"), golden_body
    betas, translation, root, pose = arguments(data)
    posed = pose_skeleton(body.rest_joints(betas), translation, root, pose)
    # the body is rebuilt in float32, whose rounding of the template is what is left
    np.testing.assert_allclose(posed.joints[:, 0].numpy(), data["joints73"][:, :22], atol=3e-7)
    mesh = vertices(body, betas, translation, root, pose)[:, 0].numpy()
    np.testing.assert_allclose(mesh[:, data["vert_idx"]], data["verts"], atol=3e-7)
    points = body25_points(body, betas, translation, root, pose)[:, 0].numpy()
    np.testing.assert_allclose(points, data["joints_op"], atol=3e-7)


def smplx_body(path, tmp_path):
    """Load through smplx with 300 zero-padded shape directions: with fewer it silently keeps 10 betas."""
    with np.load(path) as archive:
        content = {key: archive[key] for key in archive.files}
    directions = np.zeros((*content["shapedirs"].shape[:2], 300))
    directions[..., :16] = content["shapedirs"]
    padded = tmp_path / "SMPLH_NEUTRAL.npz"
    np.savez(padded, **(content | {"shapedirs": directions}))
    return smplx.SMPLH(
        str(padded), gender="neutral", num_betas=16, use_pca=False, flat_hand_mean=True, ext="npz", batch_size=3,
        dtype=torch.float64,
    )  # fmt: skip


@pytest.mark.parametrize("which", ["open", "golden"])
def test_smplx_agrees_with_us(which, golden_body, tmp_path):
    path = load.open_body_path() if which == "open" else golden_body[1]
    theirs_model = smplx_body(path, tmp_path)
    body = load.load_body(path).to(dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    betas = torch.randn(3, 16, generator=generator, dtype=torch.float64)
    translation = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    root = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    pose = 0.6 * torch.randn(3, 63, generator=generator, dtype=torch.float64)
    theirs = theirs_model(betas=betas, transl=translation, global_orient=root, body_pose=pose)
    root_matrix = rotation_from_axis_angle(root)[:, None]
    pose_matrices = rotation_from_axis_angle(pose.reshape(3, 1, 21, 3))
    ours = vertices(body, betas, translation[:, None], root_matrix, pose_matrices)[:, 0]
    joints = pose_skeleton(body.rest_joints(betas), translation[:, None], root_matrix, pose_matrices).joints[:, 0]
    torch.testing.assert_close(ours, theirs.vertices.detach(), atol=1e-5, rtol=0)
    torch.testing.assert_close(joints, theirs.joints[:, :22].detach(), atol=1e-5, rtol=0)
