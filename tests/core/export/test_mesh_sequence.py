import numpy as np
import pytest
import torch
import trimesh

from motionfit.body.model import vertices
from motionfit.export.clip import ExportClip
from motionfit.export.formats import export


@pytest.mark.parametrize("suffix", [".obj", ".ply"])
def test_every_frame_is_a_file_with_the_mesh_of_the_body(walking, open_body, tmp_path, suffix):
    clip = ExportClip("walk", walking.slice(0, 3), open_body)
    folder = export(tmp_path / f"walk{suffix}", clip)
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [f"walk_{frame:04d}{suffix}" for frame in range(3)]
    one = walking.slice(2, 3)
    points = vertices(open_body, one.betas, one.translation, one.root_orientation, one.body_pose)[0].numpy()
    mesh = trimesh.load(files[2], process=False)
    assert np.abs(mesh.vertices - points).max() < 1e-5
    assert torch.equal(torch.from_numpy(np.array(mesh.faces)).long(), open_body.faces.long())


def test_one_frame_is_one_file(walking, open_body, tmp_path):
    path = export(tmp_path / "pose.obj", ExportClip("pose", walking.slice(4, 5), open_body))
    assert path == tmp_path / "pose.obj"
    assert len(trimesh.load(path, process=False).vertices) == len(open_body.surface.template)
