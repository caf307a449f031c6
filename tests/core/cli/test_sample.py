"""`motionfit sample`: files that other tools read, the same for the same seed."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from motionfit.files.amass import read_amass, write_amass
from motionfit.files.video import VideoFile
from motionfit.metrics.drift import joints_of
from motionfit.priors.checkpoints import MOTION_PRIOR, save_prior, shipped_path
from motionfit.priors.pose import PosePrior

QUICK = ("--threads", "1")


@pytest.fixture(scope="module")
def marching(walking, tmp_path_factory):
    """Two files of motion: as it is, and a part of it with another shape."""
    folder = tmp_path_factory.mktemp("motions")
    write_amass(folder / "a.npz", walking)
    write_amass(folder / "b.npz", replace(walking.slice(4, 20), betas=torch.zeros(16)))
    return folder / "a.npz", folder / "b.npz"


def test_random_poses_are_frames_of_a_motion_and_a_picture(run_json, tmp_path):
    code, report, _ = run_json("sample", "pose-prior", "-o", tmp_path / "new", "--count", "3", "--seed", "5", *QUICK)
    assert code == 0
    assert report["files"] == [str(tmp_path / "new" / name) for name in ("poses.npz", "poses.png")]
    assert report["warnings"] == []
    assert read_amass(tmp_path / "new" / "poses.npz").frames == 3
    assert (tmp_path / "new" / "poses.png").read_bytes().startswith(b"\x89PNG")


def test_a_motion_of_poses_is_rebuilt_with_its_errors(run_json, marching, tmp_path):
    code, report, _ = run_json(
        "sample", "pose-prior", "--mode", "reconstruct", "--from", marching[1], "-o", tmp_path, *QUICK
    )
    assert code == 0
    assert 0 < report["errors"]["joints_m"] < 0.05
    assert 0 < report["errors"]["v2v_m"] < 0.06
    given, rebuilt = (read_amass(tmp_path / f"{name}.npz") for name in ("given", "rebuilt"))
    assert given.frames == rebuilt.frames == 16
    with VideoFile(tmp_path / "motions.mp4") as video:
        assert video.frames == 8


def test_poses_in_between_start_and_end_at_the_reconstructions(run_json, marching, tmp_path):
    for place, sources in enumerate((marching[:1], marching)):
        folder = tmp_path / str(place)
        code, _, _ = run_json(
            "sample", "pose-prior", "--mode", "interpolate", "--from", *sources, "-o", folder, "--count", "4", *QUICK
        )
        assert code == 0
        poses = read_amass(folder / "poses.npz").body_pose
        assert poses.shape[0] == 4
        ends = [read_amass(path).body_pose for path in (sources[0], sources[-1])]
        wanted = torch.stack([ends[0][0], ends[1][-1 if len(sources) == 1 else 0]])
        assert float((poses[[0, -1]] - wanted).abs().mean()) < 0.1


def test_random_motion_depends_on_the_seed_alone(run_json, tmp_path):
    found = {}
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        words = ("--count", "2", "--seconds", "0.3", "--seed", seed, *QUICK)
        code, report, _ = run_json("sample", "motion-prior", "-o", tmp_path / name, *words)
        assert code == 0
        assert len(report["files"]) == 3
        found[name] = read_amass(tmp_path / name / "motion_001.npz")
    assert found["a"].frames == 10
    assert torch.equal(found["a"].translation, found["b"].translation)
    assert not torch.equal(found["a"].translation, found["c"].translation)
    assert found["a"].contacts is not None
    assert float(found["a"].translation[0, :2].norm()) < 1e-5


def test_a_motion_is_followed_closely(run_json, marching, tmp_path, open_body):
    code, report, _ = run_json(
        "sample", "motion-prior", "--mode", "reconstruct", "--from", marching[0], "-o", tmp_path, *QUICK
    )
    assert code == 0
    given, rebuilt = (read_amass(tmp_path / f"{name}.npz") for name in ("given", "rebuilt"))
    apart = (joints_of(open_body, given) - joints_of(open_body, rebuilt)).norm(dim=-1)
    assert report["errors"]["joints_m"] == pytest.approx(float(apart.mean()), rel=1e-3)
    assert report["errors"]["joints_m"] < 0.1
    assert given.frames == 22
    torch.testing.assert_close(rebuilt.betas, given.betas)


def test_motions_in_between_end_at_the_reconstructions(run_json, marching, tmp_path, open_body):
    words = ("--mode", "interpolate", "--from", *marching, "--count", "3", *QUICK)
    code, report, _ = run_json("sample", "motion-prior", "-o", tmp_path, *words)
    assert code == 0
    assert len(report["files"]) == 4
    motions = [read_amass(tmp_path / f"motion_00{place}.npz") for place in range(3)]
    assert [motion.frames for motion in motions] == [14, 14, 14]
    torch.testing.assert_close(motions[1].betas, (motions[0].betas + motions[2].betas) / 2)
    for motion, source in zip((motions[0], motions[2]), marching, strict=True):
        pose = read_amass(source).body_pose[1:15]
        assert float((motion.body_pose - pose).abs().mean()) < 0.1
    heights = joints_of(open_body, motions[1])[:, 0, 2]
    assert float(heights.min()) > 0.5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("pose-prior", "--mode", "reconstruct"), "needs 1 motions"),
        (("pose-prior", "--mode", "random", "--from", "a.npz"), "needs 0 motions"),
        (("motion-prior", "--mode", "interpolate", "--from", "a.npz"), "needs 2 motions"),
        (("motion-prior", "--seconds", "0"), "--seconds 0"),
        (("motion-prior", "--seconds", "nan"), "--seconds nan"),
        (("motion-prior", "--from", "none.npz"), "no file none.npz"),
        (("pose-prior", "--checkpoint", shipped_path(MOTION_PRIOR)), "a pose-prior is needed"),
        (("motion-prior", "--checkpoint", "none.safetensors"), "no checkpoint"),
    ],
)
def test_what_cannot_be_sampled_is_said(run_json, tmp_path, words, message):
    code, report, err = run_json("sample", *words, "-o", tmp_path / "out", *QUICK)
    assert code == 1
    assert message in report["error"]["message"]
    assert report["error"]["hint"]
    assert message in err
    assert not (tmp_path / "out").exists()


def test_a_motion_of_three_frames_is_too_short(run_json, walking, tmp_path):
    write_amass(tmp_path / "short.npz", walking.slice(0, 3))
    code, report, _ = run_json(
        "sample", "motion-prior", "--mode", "reconstruct", "--from", tmp_path / "short.npz", "-o", tmp_path, *QUICK
    )
    assert code == 1
    assert "3 frames" in report["error"]["message"]


def test_an_untrained_prior_is_marked(run_json, tmp_path):
    torch.manual_seed(0)
    save_prior(PosePrior().eval(), tmp_path / "fresh.safetensors", {})
    code, report, err = run_json(
        "sample", "pose-prior", "--checkpoint", tmp_path / "fresh.safetensors", "-o", tmp_path, "--count", "1", *QUICK
    )
    assert code == 0
    assert "behaves like an untrained model" in report["warnings"][0]
    assert "behaves like an untrained model" in err
    assert np.isfinite(read_amass(tmp_path / "poses.npz").body_pose.numpy()).all()
