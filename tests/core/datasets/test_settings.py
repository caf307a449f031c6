import pytest

from motionfit.datasets.settings import PrepareSettings, read_settings_file
from motionfit.errors import SettingsError

TOML = """
sources = ["a", "b.tar.bz2"]
output = "out"
split = "subject"
train = ["1", "2"]
val = ["3"]
without = ["test"]
shortest = 1

[contacts]
speed = 0.6

[floor]
toe_height = 0.01
"""


def test_a_mapping_and_a_toml_file_say_the_same(tmp_path):
    (tmp_path / "data.toml").write_text(TOML)
    settings = PrepareSettings.from_mapping(read_settings_file(tmp_path / "data.toml"))
    assert settings.sources == ("a", "b.tar.bz2")
    assert (settings.shortest, settings.contacts.speed, settings.contacts.toes) == (1.0, 0.6, 0.04)
    assert settings.floor.toe_height == 0.01
    assert PrepareSettings.from_mapping(settings.to_mapping()) == settings


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"outputs": "x"}, "Did you mean 'output'?"),
        ({"contacts": {"sped": 1.0}}, "Did you mean 'speed'?"),
        ({"contacts": 3}, "must be a table"),
        ({"split": "equal-third"}, "Did you mean 'equal-thirds'?"),
        ({"train": "CMU"}, "must be a list"),
        ({"shortest": "long"}, "must be a number"),
        ({"trim": True}, "must be a number"),
        ({"keep_objects": 1}, "must be true or false"),
        ({"floor": {"least": 2.5}}, "a whole number"),
        ({"trim": 0.5}, "trim is 0.5"),
        ({"least_fps": 0}, "least_fps is 0"),
        ({"contacts": {"speed": 0}}, "contacts.speed is 0"),
        ({"split": "dataset", "train": ["CMU"], "val": ["SFU"]}, "--without test"),
        ({"split": "equal-thirds", "val": ["1"]}, "takes no lists"),
        ({"split": "equal-thirds", "list_file": "a.csv"}, "belongs to the rule list"),
        ({"list_file": "a.csv", "val": ["x"]}, "one of the two"),
        ({"without": ["tests"]}, "Did you mean 'test'?"),
    ],
)
def test_what_makes_no_sense_is_named(content, said):
    with pytest.raises(SettingsError) as caught:
        PrepareSettings.from_mapping(content)
    assert said in str(caught.value)


def test_a_toml_error_names_its_line(tmp_path):
    (tmp_path / "bad.toml").write_text("split = 'list'\ntrain = ]\n")
    with pytest.raises(SettingsError, match="line 2"):
        read_settings_file(tmp_path / "bad.toml")
    with pytest.raises(SettingsError, match="no file"):
        read_settings_file(tmp_path / "absent.toml")


def test_what_counts_is_what_changes_the_dataset(tmp_path):
    base = PrepareSettings(sources=("a",), output="x")
    same = PrepareSettings(sources=("b",), output="y")
    assert base.what_counts("body") == same.what_counts("body")
    assert base.what_counts("body") != base.what_counts("other body")
    assert base.processing_hash("body") == PrepareSettings(split="equal-thirds").processing_hash("body")
    assert base.processing_hash("body") != PrepareSettings(trim=0.1).processing_hash("body")
    lists = []
    for text in ("train a", "train b"):
        (tmp_path / "list.txt").write_text(text)
        lists.append(PrepareSettings(list_file=str(tmp_path / "list.txt")).what_counts("body"))
    assert lists[0] != lists[1]
    with pytest.raises(SettingsError, match="cannot be read"):
        PrepareSettings(list_file=str(tmp_path / "absent.txt")).what_counts("body")
