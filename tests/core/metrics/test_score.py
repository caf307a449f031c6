"""Scores of frames: nothing wrong is 100, each fault lowers its own frames and is named."""

import json

import pytest
import torch

from motionfit.body.parts import BODY_PARTS
from motionfit.metrics.average_precision import average_precision
from motionfit.metrics.diagnostics import MEASURES, part_error
from motionfit.metrics.score import RULES, score_frames, tolerances
from motionfit.metrics.spans import bad_spans, score_summary

FRAMES = 40
USUAL = {"data_error_cm": 5.0, "acceleration": 4.0, "jitter": 100.0, "skating_cm": 0.2, "observed_share": 1.0}


def good(**changed):
    """Diagnostics of a usual clip; a change gives a diagnostic's values in frames 10 to 14."""
    values = dict.fromkeys(MEASURES, 0.0) | {part_error(part): 5.0 for part in BODY_PARTS} | USUAL
    found = {name: torch.full((FRAMES,), value) for name, value in values.items()} | {
        "prior_nll_z": torch.zeros(FRAMES)
    }
    for name, value in changed.items():
        found[name][10:15] = value
    return found


def test_a_usual_clip_has_full_scores_and_no_reasons():
    scores = score_frames(good())
    assert scores.score.tolist() == [100.0] * FRAMES
    assert scores.reasons(3) == ()
    assert bad_spans(scores) == ()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("left_arm_error_cm", 40.0, "left arm: 40 cm from the data"),
        ("data_error_cm", 30.0, "30 cm from the data"),
        ("excursion_cm", 20.0, "leaps away and back by 20 cm"),
        ("repeated_share", 1.0, "100% of the data repeats"),
        ("prior_nll_z", 9.0, "the prior does not know (9.0"),
        ("skating_cm", 18.0, "slide 18.0 cm per frame"),
        ("penetration_cm", 60.0, "60 cm under the floor"),
        ("floating_cm", 60.0, "60 cm over the floor"),
        ("acceleration", 150.0, "acceleration 150"),
        ("observed_share", 0.0, "0% of the points"),
    ],
)
def test_a_fault_lowers_the_score_of_its_frames_and_is_named(name, value, words):
    scores = score_frames(good(**{name: value}))
    assert (scores.score <= 50.0).nonzero().flatten().tolist() == [10, 11, 12, 13, 14]
    assert scores.score[20:].tolist() == [100.0] * 20
    first = scores.reasons(12)[0]
    assert first.diagnostic == name
    assert words in first.words
    (span,) = bad_spans(scores, below=50.1)
    assert (span.start, span.stop) == (10, 15)
    assert span.reasons[0].diagnostic == name


def test_more_is_worse_and_two_faults_are_worse_than_one():
    some, more = (score_frames(good(left_arm_error_cm=size)).score[12] for size in (30.0, 40.0))
    both = score_frames(good(left_arm_error_cm=40.0, skating_cm=12.0)).score[12]
    assert both < more < some < 100.0


def test_data_errors_are_held_against_the_clips_own():
    noisy = good()
    for name in noisy:
        if name.endswith("error_cm"):
            noisy[name] = noisy[name] * 3.0
    assert score_frames(noisy).score.tolist() == [100.0] * FRAMES


def test_a_clip_that_is_far_from_its_data_everywhere_is_bad_everywhere():
    lost = good()
    for name in lost:
        if name.endswith("error_cm"):
            lost[name] = lost[name] * 12.0
    assert float(score_frames(lost).score.max()) < 50.0


def test_what_is_unknown_says_nothing():
    unknown = good(data_error_cm=torch.nan, left_arm_error_cm=torch.nan)
    assert score_frames(unknown).score.tolist() == [100.0] * FRAMES
    alone = score_frames({"acceleration": torch.full((3,), 4.0)})
    assert alone.score.tolist() == [100.0] * 3
    with pytest.raises(ValueError, match="nothing to score"):
        score_frames({})


def test_a_hole_in_a_bad_stretch_is_bad_and_its_borders_stay():
    leapt = good(excursion_cm=20.0)
    leapt["excursion_cm"][12] = 0.0
    assert (score_frames(leapt).score < 50.0).nonzero().flatten().tolist() == [10, 11, 12, 13, 14]


def test_a_poor_fit_beside_a_mistake_of_the_data_is_laid_to_it():
    beside = good(excursion_cm=20.0)
    beside["data_error_cm"][9] = 30.0
    alone = good()
    alone["data_error_cm"][9] = 30.0
    assert float(score_frames(beside).score[9]) > float(score_frames(alone).score[9])


def test_spans_are_merged_sorted_and_told_in_words():
    diagnostics = good(left_arm_error_cm=40.0)
    diagnostics["excursion_cm"][17] = 30.0
    diagnostics["skating_cm"][30] = 20.0
    scores = score_frames(diagnostics)
    assert [(span.start, span.stop) for span in bad_spans(scores)] == [(10, 18), (30, 31)]
    summary = score_summary(scores)
    assert json.loads(json.dumps(summary)) == summary
    assert summary["score_mean"] == pytest.approx(float(scores.score.mean()), abs=0.01)
    assert any("left arm" in words for words in summary["worst_spans"][0]["reasons"])


def test_every_rule_has_its_tolerances():
    known = tolerances()
    for rule in RULES:
        usual, tolerated = rule.fixed or known[rule.diagnostic]
        assert usual != tolerated, rule.diagnostic
    assert all(usual < tolerated for usual, tolerated in known.values())


def test_average_precision_by_hand_and_at_its_ends():
    wrong = torch.tensor([True, False, True, False])
    assert average_precision(torch.tensor([4.0, 3.0, 2.0, 1.0]), wrong) == pytest.approx((1.0 + 2.0 / 3.0) / 2.0)
    assert average_precision(wrong.float(), wrong) == 1.0
    assert average_precision(torch.zeros(4), wrong) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="something that is wrong"):
        average_precision(torch.zeros(4), torch.zeros(4, dtype=torch.bool))
