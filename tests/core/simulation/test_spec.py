import pytest

from motionfit.errors import SettingsError
from motionfit.simulation import Projection, SimulationSpec


def test_everything_together():
    spec = SimulationSpec.parse("project=1280x720:f1060, noise_px=4,drop=0.1,missing=20:30,missing=40:41")
    expected = SimulationSpec(
        projection=Projection((1280, 720), 1060.0), noise_px=4.0, drop=0.1, missing=((20, 30), (40, 41))
    )
    assert spec == expected
    assert spec.kind == "keypoints2d"


@pytest.mark.parametrize(
    ("text", "kind"), [("noise=0.04", "joints3d"), ("below=0.9", "keypoints3d"), ("missing=1:2", "joints3d")]
)
def test_the_kind_follows_from_what_is_asked(text, kind):
    assert SimulationSpec.parse(text).kind == kind


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nois=0.04", "Did you mean noise=?"),
        ("", "is not known"),
        ("noise", "needs a value"),
        ("noise=much", "noise=much is not a number"),
        ("noise=nan", "not a finite number"),
        ("noise=-1", "negative"),
        ("noise=1,noise=2", "given twice"),
        ("drop=1", "between 0 and 1"),
        ("noise_px=3", "needs project"),
        ("project=1280x720", "WIDTHxHEIGHT:fFOCAL"),
        ("project=4x4:f10", "too small"),
        ("project=640x360:f500,noise=0.1", "noise_px"),
        ("project=640x360:f500,below=0.9", "below"),
        ("missing=20", "span of frames"),
        ("missing=30:20", "no span"),
    ],
)
def test_what_makes_no_sense_is_told(text, said):
    with pytest.raises(SettingsError) as caught:
        SimulationSpec.parse(text)
    assert said in str(caught.value)
    assert caught.value.hint
