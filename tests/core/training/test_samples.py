"""Random poses and motions, and the pictures of them."""

import torch

from motionfit.body.model import vertices
from motionfit.files.video import VideoFile
from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.priors.pose import PosePrior
from motionfit.training.motion_prior import start_with_differences
from motionfit.training.samples import random_poses, standing, write_motion_video, write_pose_sheet


def test_poses_stand_on_the_floor(body):
    motion = standing(random_poses(PosePrior().eval(), 3, seed=0), body)
    points = vertices(body, motion.betas, motion.translation, motion.root_orientation, motion.body_pose)
    torch.testing.assert_close(points[..., 2].amin(-1), torch.zeros(3), rtol=0, atol=1e-5)


def test_a_sheet_is_a_png_that_its_seed_decides(open_body, tmp_path):
    torch.manual_seed(0)
    prior = PosePrior().eval()
    write_pose_sheet(prior, open_body, tmp_path / "sheet.png", 0)
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
    assert torch.equal(random_poses(prior, 3, 0), random_poses(prior, 3, 0))
    assert not torch.equal(random_poses(prior, 3, 0), random_poses(prior, 3, 1))


def test_a_film_lasts_two_seconds(collection_states, open_body, tmp_path):
    torch.manual_seed(0)
    prior = MotionPrior(MotionPriorWidths((32,), (32,), (32, 32))).eval()
    start_with_differences(prior)
    write_motion_video(prior, collection_states.frame(0), open_body, tmp_path / "new" / "film.mp4", 0)
    with VideoFile(tmp_path / "new" / "film.mp4") as video:
        assert video.frames / video.fps == 31 / 15
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["film.mp4"]


def test_a_roll_out_that_explodes_is_filmed_all_the_same(collection_states, open_body, tmp_path):
    torch.manual_seed(0)
    prior = MotionPrior(MotionPriorWidths((32,), (32,), (32, 32))).eval()
    with torch.no_grad():
        prior.decoder.net[-1].bias.fill_(1e30)
    one = collection_states.frame(0).map(lambda tensor: tensor[:1])
    write_motion_video(prior, one, open_body, tmp_path / "film.mp4", 0)
    with VideoFile(tmp_path / "film.mp4") as video:
        assert video.frames == 31
