import pytest

from motionfit.datasets.settings import PrepareSettings
from motionfit.datasets.splits import Candidate, assign_splits
from motionfit.errors import InputError, SettingsError

CANDIDATES = [
    Candidate(f"{source}/{number}/{source}_{number}_poses.npz", source, f"{source}/{number}")
    for source in ("CMU", "KIT", "BioMotionLab_NTroje")
    for number in (1, 2, 10)
]


def splits(settings, candidates=CANDIDATES):
    return [place.split for place in assign_splits(candidates, settings).places]


def test_data_sets_are_named_by_either_of_their_names():
    settings = PrepareSettings(split="dataset", train=("cmu",), val=("KIT",), test=("BMLrub",))
    assert splits(settings) == ["train"] * 3 + ["val"] * 3 + ["test"] * 3
    assert assign_splits(CANDIDATES, settings).places[8].rule == "dataset: BMLrub"


def test_subjects_are_named_alone_or_with_their_data_set():
    settings = PrepareSettings(split="subject", train=("CMU/*", "10"), val=("KIT/1",), test=("KIT/2",))
    with pytest.raises(SettingsError, match="train"):
        PrepareSettings(split="subject", val=("1",), test=("2",))
    assert splits(settings, CANDIDATES[:6]) == ["train", "train", "train", "val", "test", "train"]


def test_one_name_in_two_splits_is_refused():
    settings = PrepareSettings(split="subject", train=("1", "2"), val=("CMU/1",), test=("10",))
    with pytest.raises(SettingsError, match=r"train \(by 1\) and in val \(by CMU/1\)"):
        splits(settings)


def test_equal_thirds_sort_subjects_by_number():
    candidates = [Candidate(f"{n}/{n}_{take}.npz", "CMU", f"CMU/{n}") for n in range(12, 0, -1) for take in "ab"]
    found = dict(zip((candidate.subject for candidate in candidates), splits_of(candidates), strict=True))
    assert [found[f"CMU/{n}"] for n in range(1, 13)] == ["train"] * 4 + ["val"] * 4 + ["test"] * 4


def splits_of(candidates):
    return splits(PrepareSettings(split="equal-thirds"), candidates)


@pytest.mark.parametrize(("count", "sizes"), [(3, (1, 1, 1)), (4, (2, 1, 1)), (5, (2, 2, 1)), (9, (3, 3, 3))])
def test_equal_thirds_are_as_equal_as_they_can_be(count, sizes):
    found = splits_of([Candidate(f"{n}.npz", "own", str(n)) for n in range(count)])
    assert tuple(found.count(split) for split in ("train", "val", "test")) == sizes


def test_two_subjects_have_no_thirds():
    with pytest.raises(InputError, match=r"needs three subjects, and there are 2: CMU/1, CMU/2"):
        splits_of(CANDIDATES[:2])


def test_folders_of_splits_are_the_rule_where_nothing_is_named():
    candidates = [Candidate(f"{split}/a_{split}.npz", "own", split) for split in ("train", "vald", "test", "other")]
    assert splits(PrepareSettings(), candidates) == ["train", "val", "test", ""]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.csv", "id,split,frames\nCMU_1,train,3\nCMU_2,val,4\nCMU_10,test,5\n"),
        ("list.txt", "# ours\ntrain CMU/1/**\nval CMU_2_poses  # by its name\n\ntest CMU/10/CMU_10_poses.npz\n"),
    ],
)
def test_a_list_file_names_recordings(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    settings = PrepareSettings(list_file=str(tmp_path / name))
    assert splits(settings, CANDIDATES[:4]) == ["train", "val", "test", ""]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("list.csv", "clip,part\na,train\n", "the columns clip, part"),
        ("list.csv", "id,split\na,trian\n", "line 2: 'trian' is no split"),
        ("list.txt", "train\n", "line 1 is 'train'"),
    ],
)
def test_a_list_file_that_makes_no_sense_is_named(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingsError, match=said):
        splits(PrepareSettings(list_file=str(tmp_path / name)))


def test_an_empty_split_says_which_by_which_rule_and_what_there_is():
    settings = PrepareSettings(split="subject", train=("1", "2"), val=("3",), test=("10",))
    with pytest.raises(InputError) as caught:
        splits(settings, CANDIDATES[:3])
    for part in ("split val would be empty", "rule is subject", "val: 3", "CMU/1, CMU/2, CMU/10", "--without val"):
        assert part in str(caught.value)


def test_a_split_may_be_empty_where_that_is_said():
    settings = PrepareSettings(split="dataset", train=("CMU",), val=("KIT",), without=("test",))
    assert set(splits(settings)) == {"train", "val", ""}


def test_names_that_nothing_has_are_told():
    settings = PrepareSettings(split="dataset", train=("CMU", "SFU"), val=("KIT",), test=("BMLrub",))
    (warning,) = assign_splits(CANDIDATES, settings).warnings
    assert "SFU (train)" in warning


def test_a_subject_in_two_splits_is_told():
    candidates = [Candidate(f"{split}/a.npz", "own", "Ann") for split in ("train", "val", "test")]
    (warning,) = assign_splits(candidates, PrepareSettings()).warnings
    assert "Duplicate subject: Ann is in train and val and test" in warning
