import errno
import os
import subprocess
import sys

import pytest

from motionfit.errors import OutputError
from motionfit.files.atomic import atomic_file, atomic_folder, output_errors, recover_folder


def dead_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_folder_appears_complete_and_replaces_the_old_one(tmp_path):
    target = tmp_path / "out"
    for content in ("old", "new"):
        with atomic_folder(target) as folder:
            (folder / "a.txt").write_text(content)
    assert (target / "a.txt").read_text() == "new"
    assert os.listdir(tmp_path) == ["out"]


def test_a_failure_leaves_what_was_there(tmp_path):
    target = tmp_path / "out"
    with atomic_folder(target) as folder:
        (folder / "a.txt").write_text("old")

    def fail():
        with atomic_folder(target) as folder:
            (folder / "a.txt").write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        fail()
    assert (target / "a.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_a_file_appears_complete_or_not_at_all(tmp_path):
    def fail():
        with atomic_file(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        fail()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EACCES, "not writable"),
        (errno.EROFS, "not writable"),
        (errno.EIO, "was not written"),
    ],
)
def test_what_the_system_refuses_is_told(tmp_path, number, said):
    with pytest.raises(OutputError) as caught, output_errors(tmp_path / "x"):
        raise OSError(number, os.strerror(number))
    assert said in caught.value.message
    assert caught.value.hint


def test_leftovers_of_a_killed_writer_are_cleared(tmp_path):
    dead = dead_process()
    (tmp_path / f".out.writing-{dead}").mkdir()
    (tmp_path / f".out.writing-{os.getpid()}").mkdir()
    recover_folder(tmp_path / "out")
    assert os.listdir(tmp_path) == [f".out.writing-{os.getpid()}"]


def test_a_folder_moved_aside_by_a_killed_writer_comes_back(tmp_path):
    aside = tmp_path / f".out.old-{dead_process()}"
    aside.mkdir()
    (aside / "a.txt").write_text("kept")
    recover_folder(tmp_path / "out")
    assert (tmp_path / "out" / "a.txt").read_text() == "kept"
