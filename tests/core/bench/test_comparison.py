from motionfit.bench.comparison import compare


def stages(**stage3):
    return {"stage3": stage3, "stage3_init": {"drift_mm": stage3.get("mpjpe_mm", 0.0)}, "truth": {"jitter": 5.0}}


def test_errors_are_better_when_lower_and_agreement_when_higher():
    found = compare(stages(mpjpe_mm=1.0, contact_f1=0.9), stages(mpjpe_mm=2.0, contact_f1=0.8))
    assert found == {"mpjpe_mm": "ours", "contact_f1": "ours", "drift_mm": "ours"}


def test_jitter_is_better_when_like_the_truth_not_when_lowest():
    assert compare(stages(jitter=4.0), stages(jitter=0.0))["jitter"] == "ours"
    assert compare(stages(jitter=12.0), stages(jitter=0.0))["jitter"] == "theirs"


def test_a_difference_of_a_thousandth_is_none():
    assert compare(stages(mesh_mm=10.0), stages(mesh_mm=10.005))["mesh_mm"] == "equal"


def test_what_only_one_has_is_not_compared():
    assert set(compare(stages(mesh_mm=1.0), stages(legs_mm=1.0))) == {"drift_mm"}
