"""Twenty seconds of motion capture show no trace of the windows that they were fitted in."""

from dataclasses import replace

from motionfit.files.amass import read_amass
from motionfit.pipeline.fit import fit
from motionfit.pipeline.settings import load_preset
from motionfit.simulation import simulate

from .seams import jumps_at_seams

FEW = {"root": 3, "pose": 6, "tune_x0": 1, "hold_x0": 4, "refine": 3}


def test_no_seam_shows_on_twenty_seconds_of_motion_capture(shared_mocap, body, priors):
    truth = read_amass(shared_mocap / "test" / "dm_stealthy_walk1_poses.npz").slice(0, 600)
    settings = replace(load_preset("joints3d"), iterations=FEW)
    result = fit(simulate(truth, body, "noise=0.02", 3), body, priors, settings)
    assert len(result.windows) == 12
    jumps, usual = jumps_at_seams(result, truth, body)
    assert jumps.max() <= usual
