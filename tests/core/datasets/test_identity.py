from pathlib import PurePosixPath

import pytest

from motionfit.datasets.identity import identify, natural_key, same_name


def places(*texts):
    return [PurePosixPath(text) for text in texts]


def test_data_set_and_subject_are_folders():
    found = identify(places("CMU/01/01_01_poses.npz", "KIT/3/walk.npz", "HumanEva/x.npz"), "amass")
    assert found == [("CMU", "CMU/01"), ("KIT", "KIT/3"), ("HumanEva", "")]


def test_a_source_of_subjects_is_a_data_set():
    assert identify(places("01/01_01_poses.npz", "02/a.npz"), "CMU") == [("CMU", "CMU/01"), ("CMU", "CMU/02")]
    assert identify(places("a.npz"), "loose") == [("loose", "")]


def test_a_folder_that_repeats_the_name_does_not_count():
    assert identify(places("CMU/CMU/01/a.npz"), "CMU") == [("CMU", "CMU/01")]
    assert identify(places("MPI_HDM05/bk/a.npz"), "HDM05") == [("HDM05", "HDM05/bk")]


def test_folders_of_splits_do_not_count():
    assert identify(places("train/a.npz", "val/b.npz"), "own") == [("own", ""), ("own", "")]


@pytest.mark.parametrize(
    ("old", "new"), [("BioMotionLab_NTroje", "BMLrub"), ("MPI_HDM05", "HDM05"), ("SSM_synced", "SSM"), ("cmu", "CMU")]
)
def test_renamed_data_sets_are_the_same(old, new):
    assert same_name(old) == same_name(new)


def test_numbers_sort_as_numbers():
    names = ["s10", "s9", "S2", "12", "3"]
    assert sorted(names, key=natural_key) == ["3", "12", "S2", "s9", "s10"]
