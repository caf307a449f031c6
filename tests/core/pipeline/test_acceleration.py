"""A fit ends at the same place with and without compiled roll-outs, and says which it had."""

import subprocess
import sys
from dataclasses import replace

import pytest

from motionfit.errors import SettingsError
from motionfit.files.report import build_report, settings_from_json, settings_to_json
from motionfit.pipeline import settings
from motionfit.pipeline.fit import fit
from motionfit.priors import rollout_native_choice


def test_a_fit_ends_at_the_same_loss_either_way(body, priors, quick, noisy):
    pytest.importorskip("numba", reason="needs motionfit[accelerate]")
    poses = fit(noisy, body, priors, replace(quick, stages=("stage1", "stage2")))
    ends, flags = [], []
    for acceleration in ("auto", "none"):
        result = fit(noisy, body, priors, replace(quick, acceleration=acceleration, stages=("stage3",)), previous=poses)
        ends.append(result.final.history[-1].loss)
        flags.append(build_report(result, ["stage3"])["accelerated"])
    assert ends[0] == pytest.approx(ends[1], rel=1e-3)
    assert flags == [True, False]


def test_the_setting_is_kept_and_old_reports_have_none(quick):
    chosen = replace(quick, acceleration="none")
    written = settings_to_json(chosen)
    assert settings_from_json(written).acceleration == "none"
    del written["acceleration"]
    assert settings_from_json(written).acceleration == "auto"
    with pytest.raises(SettingsError, match="acceleration"):
        replace(quick, acceleration="fast")


def test_the_library_starts_without_numba():
    code = "import sys, motionfit.cli.fit_job; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_settings_name_what_the_roll_out_takes():
    assert settings.ACCELERATIONS == rollout_native_choice.ACCELERATIONS


def test_the_command_line_starts_without_torch():
    code = "import sys, motionfit.cli as cli; cli.build_parser(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
