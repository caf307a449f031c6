import pytest
import torch

from motionfit.errors import SettingsError
from motionfit.files.report import settings_from_json, settings_to_json
from motionfit.pipeline.contact_overrides import ContactOverride
from motionfit.pipeline.contacts import SOFT_JOINTS, Contacts
from motionfit.pipeline.settings import load_preset
from motionfit.pipeline.timeline import timeline_of
from motionfit.simulation import simulate

from .conftest import walk

LINE = "left_foot,left_ankle@120:180=1"


def test_text_and_value_are_the_same():
    told = ContactOverride.parse(LINE)
    assert told == ContactOverride(("left_foot", "left_ankle"), 120, 180, 1.0)
    assert str(told) == LINE
    assert ContactOverride.parse("pelvis@0:3=0.25").value == 0.25


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("left_foot", "is no contact"),
        ("left_foot@3=1", "is no contact"),
        ("left_foot@3:5=1.0.0", "is no contact"),
        ("left_fot@3:5=1", "left_fot"),
        ("left_foot@5:5=1", "has no frames"),
        ("left_foot@3:5=2", "not a probability"),
    ],
)
def test_nonsense_is_refused_in_words(text, said):
    with pytest.raises(SettingsError, match=said):
        ContactOverride.parse(text)


def test_presets_and_reports_hold_them(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(f'ground = "level"\ncontacts = ["{LINE}", "pelvis@0:3=0"]\n[weights.stage1]\njoints3d = 1.0\n')
    settings = load_preset(str(path))
    assert [str(each) for each in settings.contacts] == [LINE, "pelvis@0:3=0"]
    assert settings.ground == "level"
    assert settings_from_json(settings_to_json(settings)) == settings
    path.write_text('ground = "levels"\n')
    with pytest.raises(SettingsError, match="level"):
        load_preset(str(path))


def probabilities(body, overrides, height=0.9, line=None, frames=6, windows=((0, 6),), on_ground=True):
    joints = torch.zeros(len(windows), frames, 22, 3)
    joints[..., 2] = height
    line = timeline_of(simulate(walk(12), body, "noise=0")) if line is None else line
    contacts = Contacts.of(body, [ContactOverride.parse(text) for text in overrides], line)
    return contacts.probabilities(torch.full((len(windows), frames - 1, 9), -2.0), joints, 30.0, windows, on_ground)


def test_what_the_user_tells_replaces_what_is_predicted_there_only_and_the_last_word_counts(body):
    found = probabilities(body, ["left_foot,head@2:4=1", "left_foot@3:4=0.5"])[0]
    assert found[2, 10] == 1.0
    assert found[3, 10] == 0.5
    assert (found[2:4, 15] == 1.0).all()
    assert found[:2, 15].sum() + found[4:, 15].sum() == 0
    torch.testing.assert_close(found[4, 10], torch.tensor(-2.0).sigmoid())


def test_frames_are_those_of_the_clip_in_every_window(body):
    found = probabilities(body, ["head@5:8=1"], windows=((0, 6), (4, 10)))
    assert found[0, :, 15].tolist() == [0, 0, 0, 0, 0, 1]
    assert found[1, :, 15].tolist() == [0, 1, 1, 1, 0, 0]


def test_frames_beyond_the_clip_are_refused(body):
    with pytest.raises(SettingsError, match="12 frames"):
        probabilities(body, ["head@5:13=1"])


def test_hips_back_and_elbows_touch_where_they_are_near_and_slow(body):
    soft = list(SOFT_JOINTS)
    assert probabilities(body, [], height=0.05)[..., soft].min() > 0.9
    assert probabilities(body, [], height=0.5)[..., soft].max() < 0.01
    assert probabilities(body, [], height=0.05, on_ground=False)[..., soft].max() == 0
    contacts = Contacts.of(body)
    sliding = torch.zeros(1, 6, 22, 3)
    sliding[..., 0] = torch.arange(6.0)[None, :, None] * 0.6 / 30.0
    found = contacts.probabilities(torch.zeros(1, 5, 9), sliding, 30.0, ((0, 6),), True)
    assert found[..., soft].max() < 0.05
