"""Real clips against the finished conversion of the shared folder, which was cleaned and calibrated besides."""

import csv
import tarfile

import pytest
import torch

from motionfit.body.load import load_body
from motionfit.body.model import pose_skeleton
from motionfit.files.amass import read_amass
from motionfit.files.asf_amc import read_amc
from motionfit.files.bvh import read_bvh
from motionfit.retarget.alignment import leg_scale, retarget

LIMBS = ((1, 4), (2, 5), (4, 7), (5, 8), (16, 18), (17, 19), (18, 20), (19, 21))
LONGEST = 600

CLIPS = {
    "hdm05_bd_depositFloorR_001": ("hdm05", "HDM_bd_depositFloorR_001_120.amc", "HDM_bd.asf"),
    "cmu_001_01": ("cmu_asfamc", "01/01_01.amc", "01/01.asf"),
    "cmu_094_04_ac": ("cmu_dazbvh_acrnn", "indian/04.bvh"),
    "mass_walk": ("mass_snu", "walk.bvh"),
    "cmu_012_01": ("cmu_bvh_fbx_misc", "cmu_12_01_walk.bvh"),
    "cmu_005_03": ("cmu_iclone_bvh", "005_03.bvh"),
}
"""Archive and members; those that stand near the start of their archive, as it is read from there."""


def extract(shared_mocap, folder, archive, *members):
    wanted = {f"{archive}/{member}" for member in members}
    with tarfile.open(shared_mocap.parent / f"{archive}.tar.bz2", "r|bz2") as stream:
        for member in stream:
            if member.name in wanted:
                source = stream.extractfile(member)
                (folder / member.name.rpartition("/")[2]).write_bytes(source.read())
                wanted.discard(member.name)
            if not wanted:
                break
    assert not wanted
    return folder / members[0].rpartition("/")[2]


@pytest.fixture(scope="module")
def body(shared_mocap):
    path = shared_mocap.parent.parent / "body" / "SMPLH_NEUTRAL_reference.npz"
    return load_body(path).to(dtype=torch.float64)


def joints_of(motion, body):
    motion = motion.to(dtype=torch.float64)
    rest = body.rest_joints(motion.betas)
    return pose_skeleton(rest, motion.translation, motion.root_orientation, motion.body_pose).joints


def limb_directions(joints):
    bones = torch.stack([joints[:, end] - joints[:, start] for start, end in LIMBS], 1)
    return bones / bones.norm(dim=-1, keepdim=True)


def first_frame(ours, truth, step):
    """Where the conversion begins: some of it were cut, some resampled between frames."""
    relative, wanted = ours - ours[:, :1], truth - truth[:, :1]
    count = min(len(truth), (len(ours) - 1) // step - 2)
    errors = [
        float((relative[start : start + count * step : step] - wanted[:count]).norm(dim=-1).mean())
        for start in range(2 * step + 1)
    ]
    return errors.index(min(errors)), count


@pytest.mark.parametrize("clip", CLIPS)
def test_limbs_and_joints_are_those_of_the_conversion(clip, shared_mocap, tmp_path, body):
    path = extract(shared_mocap, tmp_path, *CLIPS[clip])
    rig = read_amc(path) if path.suffix == ".amc" else read_bvh(path)
    with (shared_mocap / "manifest.csv").open() as lines:
        row = next(row for row in csv.DictReader(lines) if row["id"] == clip)
    assert rig.fps == float(row["src_fps"])
    assert leg_scale(rig, body.rest_joints(torch.zeros(16).double())) == pytest.approx(float(row["scale"]), abs=2e-4)
    ours = joints_of(retarget(rig.slice(0, LONGEST), body), body)
    truth = joints_of(read_amass(shared_mocap / row["split"] / f"{clip}_poses.npz", None), body)
    step = round(rig.fps / 30)
    start, count = first_frame(ours, truth, step)
    ours, truth = ours[start : start + count * step : step], truth[:count]
    cosines = (limb_directions(ours) * limb_directions(truth)).sum(-1).clamp(-1, 1)
    angles = torch.rad2deg(cosines.acos())
    # The legs of the conversion were moved to keep the feet where they stood.
    assert float(angles[:, 4:].median()) < 0.2
    assert float(angles.mean()) < 2
    if rig.joint_map.family == "iclone":
        assert "was built" in " ".join(rig.warnings)
        return
    apart = ours - truth
    apart = apart - apart.flatten(0, 1).median(0).values
    assert float(apart.norm(dim=-1).mean()) < 0.03
