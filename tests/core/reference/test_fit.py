"""Reference mode as a user meets it: a clip in, a result like any other out."""

from dataclasses import replace

import pytest
import torch

from motionfit.errors import FitError, InputError, SettingsError
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.metrics import evaluate
from motionfit.motion import Floor, Motion, Observations
from motionfit.pipeline.contact_overrides import ContactOverride
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.settings import load_preset
from motionfit.priors.checkpoints import load_priors
from motionfit.reference.choose import fit, fit_clips
from motionfit.reference.fit import fit_as_published
from motionfit.simulation import simulate

FEW = {"root": 4, "pose": 3, "tune_x0": 1, "hold_x0": 1, "refine": 1}


@pytest.fixture(scope="module")
def priors():
    return load_priors()


@pytest.fixture(scope="module")
def clip(walking):
    return walking.slice(0, 10)


@pytest.fixture(scope="module")
def seen(clip, open_body):
    return simulate(clip, open_body, "noise=0.02", 0)


def settings(preset="reference-3d", **changes):
    return replace(load_preset(preset), **({"iterations": FEW, "device": "cpu"} | changes))


@pytest.fixture(scope="module")
def fitted(seen, open_body, priors):
    return fit(seen, open_body, priors, settings())


def test_a_fit_has_all_stages_in_the_frame_of_the_observations(fitted, clip, open_body):
    assert list(fitted.stages) == ["stage1", "stage2", "stage3_init", "stage3"]
    assert fitted.windows == ((0, 10),)
    for key, stage in fitted.stages.items():
        metrics = evaluate(stage.motion, clip, open_body, fitted.observations, stage.floor)
        # A few steps only, and the open-loop roll-out drifts.
        assert metrics["global_mpjpe_mm"] < {"stage1": 250.0, "stage3_init": 150.0}.get(key, 120.0), key
    assert {record.phase for record in fitted.final.history} == {"tune_x0", "hold_x0", "refine"}
    assert fitted.final.motion.contacts.shape == (10, 22)
    assert fitted.stages["stage3_init"].history == ()
    assert not fitted.cancelled
    assert fitted.diagnostics["data_error_cm"].shape == (10,)


def test_where_and_which_way_the_person_walks_does_not_matter(fitted, seen, open_body, priors):
    turn = rotation_from_axis_angle(torch.tensor([0.0, 0.0, 2.5]))
    place = torch.tensor([3.0, -1.0, 0.0])
    moved = replace(seen, joints3d=seen.joints3d @ turn.T + place)
    there = fit_as_published(moved, open_body, priors, settings(stages=("stage1",)))
    root = turn @ fitted.stages["stage1"].motion.root_orientation
    torch.testing.assert_close(there.final.motion.root_orientation, root, rtol=0, atol=2e-3)


def test_long_clips_are_fitted_in_windows_and_cut_together(walking, open_body, priors):
    observed = simulate(walking, open_body, "noise=0.01", 0)
    short = settings(window=10, overlap=2, stages=("stage1", "stage2"), iterations={"root": 8, "pose": 12})
    told = []

    def progress(step):
        told.append((step.fraction, step.motion().frames if len(told) % 20 == 0 else 24))
        return True

    result = fit_as_published(observed, open_body, priors, short, progress)
    assert result.windows == ((0, 10), (7, 17), (14, 24))
    assert result.final.motion.frames == 24
    assert [count for _, count in told] == [24] * len(told)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    metrics = evaluate(result.final.motion, walking, open_body, observed, result.final.floor)
    assert metrics["global_mpjpe_mm"] < 60.0
    assert result.final.variables["pose_latents"].shape == (24, 32)


def test_a_video_starts_from_the_published_floor_or_the_given_one(clip, open_body, priors):
    observed = replace(simulate(clip, open_body, "project=1280x720:f1060", 0), floor_is_given=False)
    quick = settings("reference-video", iterations=dict.fromkeys(FEW, 0))
    floor = fit_as_published(replace(observed, floor=None), open_body, priors, quick).final.floor
    torch.testing.assert_close(floor.normal, torch.tensor([0.0, -1.0, 0.0]))
    torch.testing.assert_close(floor.offset, torch.tensor(-0.5))
    given = Floor(torch.tensor([0.0, -0.8, -0.6]), torch.tensor(-1.3))
    floor = fit_as_published(replace(observed, floor=given), open_body, priors, quick).final.floor
    torch.testing.assert_close(floor.normal, given.normal)
    torch.testing.assert_close(floor.offset, given.offset)


def test_hidden_keypoints_are_fitted_by_the_preset_of_keypoints(clip, open_body, priors):
    observed = simulate(clip, open_body, "below=0.9", 0)
    quick = settings("reference-3d-keypoints", stages=("stage1", "stage2"), iterations={"root": 6, "pose": 6})
    result = fit_as_published(observed, open_body, priors, quick)
    assert result.final.history[-1].loss < 0.2 * result.stages["stage1"].history[0].loss
    metrics = evaluate(result.final.motion, clip, open_body, observed, result.final.floor)
    assert metrics["visible_mm"] < 60.0


def test_a_cancelled_fit_keeps_what_is_done(seen, open_body, priors):
    result = fit_as_published(seen, open_body, priors, settings(), lambda progress: progress.stage == "stage1")
    assert result.cancelled
    assert list(result.stages) == ["stage1", "stage2"]
    assert result.final.status.startswith("Cancelled")


def test_what_the_published_method_does_not_have_is_refused(seen, open_body, priors):
    for changed, message in (
        (settings(freezes=frozenset({Freeze("shape")})), "holds no variables"),
        (settings(ground="none"), "ground as given"),
        (settings(contacts=(ContactOverride(("left_foot",), 0, 5, 1.0),)), "contacts as predicted"),
        (settings(stages=("stage3",)), "from stage I on"),
        (settings("reference-video"), "does not weigh joints3d"),
        (settings("reference-3d-keypoints"), "does not weigh joints3d"),
    ):
        with pytest.raises(SettingsError, match=message):
            fit_as_published(seen, open_body, priors, changed)
    with pytest.raises(InputError, match="no observations"):
        fit_as_published(Observations(fps=30.0, frames=10), open_body, priors, settings())


def test_an_objective_that_is_not_finite_names_its_term(seen, open_body, priors):
    wild = replace(seen, joints3d=seen.joints3d * 1e30)
    with pytest.raises(FitError, match="joints3d"):
        fit_as_published(wild, open_body, priors, settings())


def test_settings_choose_the_method(seen, open_body, priors):
    own = replace(load_preset("joints3d"), iterations={"root": 1}, stages=("stage1",), device="cpu")
    published = settings(iterations={"root": 1}, stages=("stage1",))
    assert fit(seen, open_body, priors, own).final.status != "Ran the published number of steps."
    (result,) = fit_clips([seen], open_body, priors, published)
    assert result.final.status == "Ran the published number of steps."
    assert isinstance(result.final.motion, Motion)
