import json

import numpy as np
import torch

from motionfit.files.npz import read_npz
from motionfit.files.observations import write_observations
from motionfit.files.result import read_result
from motionfit.simulation import Projection, simulate, simulate_through, walking_camera


def test_a_clip_with_uneven_times_is_fitted_on_its_frames_and_resumed_to_the_same_result(
    walking, open_body, presets, run_json, tmp_path
):
    observed = simulate(walking.slice(0, 12), open_body, "noise=0.02", 0)
    write_observations(tmp_path / "o.npz", observed)
    times = np.cumsum([0.0, 0.03, 0.05, 0.01, 0.02, 0.1, 0.04, 0.03, 0.005, 0.02, 0.06, 0.03]) + 5.0
    arrays = {name: values for name, values in read_npz(tmp_path / "o.npz").items() if name != "fps"}
    np.savez(tmp_path / "uneven.npz", times=times, **arrays)
    words = ["fit", tmp_path / "uneven.npz", "--preset", presets / "joints3d.toml", "--threads", "1"]
    code, report, _ = run_json(*words, "-o", tmp_path / "whole")
    assert code == 0
    assert report["finished_stages"][-1] == "stage3"
    assert run_json(*words, "-o", tmp_path / "part", "--stages", "1,2")[0] == 0
    assert run_json(*words, "-o", tmp_path / "part", "--resume")[0] == 0
    whole, part = read_result(tmp_path / "whole"), read_result(tmp_path / "part")
    assert torch.equal(whole.final.motion.body_pose, part.final.motion.body_pose)
    assert whole.final.motion.frames == 12
    assert whole.final.variables["motion_latents"].shape[1] != 11, "the state has frames of its own"
    assert whole.windows == ((0, 12),)
    assert read_npz(tmp_path / "whole" / "result.npz")["times"].tolist() == times.tolist()
    np.savez(tmp_path / "uneven.npz", times=times + np.linspace(0, 0.02, 12), **arrays)
    code, report, _ = run_json(*words, "-o", tmp_path / "part", "--resume")
    assert code == 1
    assert "another input" in report["error"]["message"]


def test_a_moving_camera_and_a_height_go_with_keypoint_files(walking, open_body, presets, run_json, tmp_path):
    motion = walking.slice(0, 8)
    camera = walking_camera(motion, open_body, Projection((640, 360), 500.0))
    folder = tmp_path / "json"
    folder.mkdir()
    for frame, person in enumerate(simulate_through(motion, open_body, camera).keypoints2d):
        content = {"people": [{"pose_keypoints_2d": person.flatten().tolist()}]}
        (folder / f"v_{frame:012d}_keypoints.json").write_text(json.dumps(content))
    file = {"intrinsics": camera.intrinsics, "rotation": camera.rotation, "translation": camera.translation}
    content = {name: tensor.tolist() for name, tensor in file.items()} | {"image_size": [640, 360]}
    (tmp_path / "camera.json").write_text(json.dumps(content))
    code, _, _ = run_json(
        "fit", folder, "--camera", tmp_path / "camera.json", "--height", "1.8", "-o", tmp_path / "out",
        "--preset", presets / "video.toml", "--threads", "1", "--stages", "1",
    )  # fmt: skip
    assert code == 0
    result = read_result(tmp_path / "out")
    assert result.observations.height == 1.8
    torch.testing.assert_close(result.observations.camera.translation, camera.translation)
    assert result.final.motion.translation[:, 2].mean() > 0.3, "it stands in the world, z up, not in a camera"
    arrays = read_npz(tmp_path / "out" / "result.npz")
    np.testing.assert_allclose(arrays["camera_rotation"], camera.rotation.numpy(), atol=1e-5)
