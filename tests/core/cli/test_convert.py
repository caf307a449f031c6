import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from skeleton_files import Joint, bvh_text, perform, program_name, write_acclaim

from motionfit.body.skeleton import JOINT_NAMES, PARENTS
from motionfit.files.amass import amass_arrays, read_amass, write_amass
from motionfit.geometry.rotations import geodesic_angle
from motionfit.metrics.drift import joints_of
from motionfit.retarget.resample import resample


def humanik(name):
    side, _, key = name.rpartition("_")
    return program_name(key if side else name, side)


def write_bvh(path, motion, body, frame_time="0.00833333", t_pose=0):
    """A motion as the BVH of a rig with the bones of the body, in centimetres and y up."""
    rest = body.rest_joints(motion.betas).numpy() * 100.0
    names = [humanik(name) for name in JOINT_NAMES]
    joints = [Joint(names[0], "", (0.0, 0.0, 0.0))]
    joints += [Joint(names[j], names[PARENTS[j]], tuple(rest[j] - rest[PARENTS[j]])) for j in range(1, 22)]
    y_up = Rotation.from_euler("x", -90, degrees=True).as_matrix()
    local = {names[0]: y_up @ motion.root_orientation.double().numpy()}
    local |= {names[j]: motion.body_pose[:, j - 1].double().numpy() for j in range(1, 22)}
    places = (rest[0] + motion.translation.double().numpy() * 100.0) @ y_up.T
    for name, turns in local.items():
        local[name] = np.concatenate([np.tile(np.eye(3), (t_pose, 1, 1)), turns])
    places = np.concatenate([np.repeat(places[:1], t_pose, 0), places])
    path.write_text(bvh_text(joints, local, places, frame_time, orders=dict.fromkeys(names, "zyx")))
    return path


@pytest.fixture
def bvh(tmp_path, long_walk, open_body):
    (tmp_path / "somebody").mkdir()
    return write_bvh(tmp_path / "somebody" / "walk.bvh", resample(long_walk, 120.0), open_body)


@pytest.fixture(scope="session")
def long_walk(walking):
    """The marching of other tests there and back and there again, 70 frames."""
    order = [*range(24), *range(22, -1, -1), *range(1, 24)]
    return walking.__class__(
        walking.fps,
        walking.translation[order],
        walking.root_orientation[order],
        walking.body_pose[order],
        0 * walking.betas,
    )


def test_a_bvh_becomes_the_motion_that_it_was_made_of(bvh, run_json, tmp_path, long_walk, open_body):
    code, report, _ = run_json("convert", bvh, "-o", tmp_path / "out.npz", "--threads", "1")
    assert code == 0
    assert (report["frames"], report["fps"], report["floor"], report["dropped"]) == (long_walk.frames, 30.0, "flat", [])
    found = read_amass(tmp_path / "out.npz", None)
    assert (found.frames, found.fps) == (long_walk.frames, 30.0)
    assert float(geodesic_angle(found.body_pose[:, 17:], long_walk.body_pose[:, 17:]).mean()) < 0.02
    apart = joints_of(open_body, found) - joints_of(open_body, long_walk)
    assert float((apart - apart.mean((0, 1))).norm(dim=-1).mean()) < 0.02
    assert report["quality"]["bone_degrees"] < 2.0
    assert report["quality"]["penetration_percent"] == 0.0


def test_the_file_says_where_it_comes_from_and_how_good_it_is(bvh, run_json, tmp_path):
    out = tmp_path / "out.npz"
    _, report, _ = run_json("convert", bvh, "-o", out, "--threads", "1")
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["poses"].shape == (report["frames"], 156)
        assert arrays["betas"].shape == (16,)
        assert not arrays["betas"].any()
        texts = {name: str(arrays[name]) for name in ("gender", "source", "subject", "label", "kind", "floor")}
        stored = json.loads(str(arrays["quality"]))
    assert texts == {
        "gender": "neutral", "source": "walk.bvh", "subject": "somebody", "label": "walk", "kind": "unknown",
        "floor": "flat",
    }  # fmt: skip
    assert report == {**stored, "output": str(out)}
    run_json("convert", bvh, "-o", out, "--subject", "s7", "--threads", "1")
    with np.load(out, allow_pickle=False) as arrays:
        assert str(arrays["subject"]) == "s7"


def test_the_table_names_the_figures(bvh, run, tmp_path):
    code, out, _ = run("convert", bvh, "-o", tmp_path / "out.npz", "--threads", "1")
    assert code == 0
    for word in ("limb directions", "slide", "under the floor", "flips", "floor", "70 frames at 30 fps"):
        assert word in out


def test_a_wrong_frame_time_is_overridden(tmp_path, run_json, long_walk, open_body):
    fast = resample(long_walk, 60.0)
    path = write_bvh(tmp_path / "salsa.bvh", fast, open_body, frame_time="0.00833333", t_pose=2)
    _, wrong, _ = run_json("convert", path, "-o", tmp_path / "a.npz", "--threads", "1")
    _, right, _ = run_json("convert", path, "-o", tmp_path / "b.npz", "--fps", "60", "--threads", "1")
    assert (wrong["frames"], right["frames"]) == (35, 70)
    assert right["dropped"] == [{"reason": "T-pose before the motion", "first": 0, "frames": 2}]
    found = read_amass(tmp_path / "b.npz", None)
    assert float(geodesic_angle(found.body_pose[:, 17:], long_walk.body_pose[:, 17:]).mean()) < 0.03


def test_an_amc_needs_its_asf(tmp_path, run_json):
    amc = write_acclaim(tmp_path, perform(200, size=8.0))
    code, report, _ = run_json("convert", amc, "-o", tmp_path / "out.npz", "--threads", "1")
    assert (code, report["frames"]) == (0, 50)
    (tmp_path / "07.asf").rename(tmp_path / "elsewhere.asf")
    code, report, err = run_json("convert", amc, "-o", tmp_path / "out.npz", "--threads", "1")
    assert (code, report["error"]["kind"]) == (1, "input")
    assert "--asf" in err
    asf = tmp_path / "elsewhere.asf"
    code, report, _ = run_json("convert", amc, "--asf", asf, "-o", tmp_path / "out.npz", "--threads", "1")
    assert (code, report["frames"]) == (0, 50)


@pytest.mark.parametrize("kind", ["smplh", "smplx", "split"])
def test_amass_files_of_every_kind_become_thirty_fps(kind, tmp_path, run_json, walking):
    arrays = amass_arrays(resample(walking, 120.0)) | {"label": np.array("marching"), "kind": np.array("walk")}
    if kind != "smplh":
        arrays["mocap_frame_rate"] = arrays.pop("mocap_framerate")
        arrays["surface_model_type"] = np.array("smplx")
        arrays["markers_latent_vids"] = np.array({"never": "read"}, dtype=object)
        arrays["poses"] = np.concatenate([arrays["poses"], np.zeros((len(arrays["poses"]), 9), np.float32)], 1)
    if kind == "split":
        poses = arrays.pop("poses")
        arrays |= {"root_orient": poses[:, :3], "pose_body": poses[:, 3:66]}
    np.savez(tmp_path / "a_stageii.npz", **arrays)
    code, report, _ = run_json("convert", tmp_path / "a_stageii.npz", "-o", tmp_path / "out.npz", "--threads", "1")
    assert (code, report["frames"], report["calibration"]) == (0, 24, {})
    found = read_amass(tmp_path / "out.npz", None)
    assert float(geodesic_angle(found.body_pose, walking.body_pose).max()) < 0.05
    assert bool(found.betas.any()) == (kind == "smplh")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as written:
        assert (str(written["label"]), str(written["kind"]), str(written["source"])) == (
            "marching",
            "walk",
            "a_stageii.npz",
        )


def test_raw_keeps_what_is_wrong(bvh, run_json, tmp_path):
    _, report, _ = run_json("convert", bvh, "--raw", "-o", tmp_path / "out.npz", "--threads", "1")
    assert (report["dropped"], report["repaired"], report["calibration"]) == ([], {}, {})
    assert report["quality"]["bone_degrees"] == pytest.approx(0.0, abs=0.05)


def failure(run_json, *words):
    code, report, err = run_json("convert", *words)
    assert (code, report["error"]["kind"]) == (1, "input")
    assert report["error"]["hint"]
    return err


def test_what_cannot_be_converted_is_told(bvh, motion_file, run_json, run, tmp_path, walking):
    out = tmp_path / "out.npz"
    assert "There is no" in failure(run_json, tmp_path / "none.bvh", "-o", out)
    (tmp_path / "a.fbx").write_bytes(b"")
    assert "no motion capture" in failure(run_json, tmp_path / "a.fbx", "-o", out)
    assert "--asf belongs to a .amc file" in failure(run_json, bvh, "--asf", bvh, "-o", out)
    assert "--reference belongs to a .bvh file" in failure(run_json, motion_file, "--reference", bvh, "-o", out)
    (tmp_path / "half.bvh").write_text(bvh.read_text()[:5000])
    assert "half.bvh" in failure(run_json, tmp_path / "half.bvh", "-o", out)
    for frames in (1, 2):
        lines = bvh.read_text().replace("Frames: 277", f"Frames: {frames}").splitlines()
        stop = next(place for place, line in enumerate(lines) if line.startswith("Frame Time")) + 1 + frames
        (tmp_path / "few.bvh").write_text("\n".join([*lines[:stop], ""]))
        assert f"of {frames} frames at 120 fps 1 are left" in failure(run_json, tmp_path / "few.bvh", "-o", out)
    write_amass(tmp_path / "short.npz", walking.slice(0, 2))
    assert "of 2 frames at 30 fps 2 are left" in failure(run_json, tmp_path / "short.npz", "-o", out)
    assert not out.exists()
    for words in (["-o", "out.txt"], ["-o", "out.npz", "--fps", "0"], ["-o", "out.npz", "--fps", "fast"], []):
        code, _, _ = run("convert", bvh, *words)
        assert code == 2


def test_a_place_that_is_not_writable_is_told(bvh, run_json, tmp_path):
    (tmp_path / "file").write_text("")
    code, report, _ = run_json("convert", bvh, "-o", tmp_path / "file" / "out.npz", "--threads", "1")
    assert (code, report["error"]["kind"]) == (1, "output")


def test_fit_takes_motion_capture_as_it_takes_amass(bvh, run_json, tmp_path, presets):
    code, report, _ = run_json(
        "fit", bvh, "-o", tmp_path / "fit", "--stages", "1", "--preset", presets / "joints3d.toml", "--threads", "1"
    )
    assert code == 0
    assert report["metrics"]["mpjpe_mm"] > 0
    amc = write_acclaim(tmp_path, perform(200, size=8.0))
    code, _, _ = run_json(
        "fit", amc, "--asf", tmp_path / "07.asf", "-o", tmp_path / "fit", "--stages", "1",
        "--preset", presets / "joints3d.toml", "--threads", "1", "--simulate", "noise=0.02",
    )  # fmt: skip
    assert code == 0


def test_converting_twice_changes_nothing_more(bvh, run_json, tmp_path, open_body):
    run_json("convert", bvh, "-o", tmp_path / "once.npz", "--threads", "1")
    run_json("convert", tmp_path / "once.npz", "-o", tmp_path / "twice.npz", "--threads", "1")
    once, twice = (read_amass(tmp_path / f"{name}.npz", None) for name in ("once", "twice"))
    torch.testing.assert_close(joints_of(open_body, once), joints_of(open_body, twice), atol=4e-3, rtol=0)


def test_a_real_clip_is_the_shared_conversion(shared_mocap, tmp_path, run_json, open_body):
    import tarfile

    name = "mass_snu/walk.bvh"
    with tarfile.open(shared_mocap.parent / "mass_snu.tar.bz2") as archive:
        content = archive.extractfile(name)
        (tmp_path / Path(name).name).write_bytes(content.read())
    code, report, _ = run_json("convert", tmp_path / "walk.bvh", "-o", tmp_path / "out.npz", "--threads", "1")
    assert code == 0
    truth = read_amass(next(shared_mocap.rglob("mass_walk_poses.npz")), None)
    found = read_amass(tmp_path / "out.npz", None)
    assert (found.frames, report["quality"]["flips"]) == (truth.frames, 0)
    apart = joints_of(open_body, found) - joints_of(open_body, truth)
    assert float((apart - apart.mean(0)).norm(dim=-1).mean()) < 0.02
