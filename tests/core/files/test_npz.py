import numpy as np
import pytest

from motionfit.errors import InputError, OutputError
from motionfit.files.npz import read_npz, write_npz


def test_round_trip(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "text": np.array("word")}
    write_npz(tmp_path / "new" / "a.npz", arrays)
    back = read_npz(tmp_path / "new" / "a.npz")
    np.testing.assert_array_equal(back["a"], arrays["a"])
    assert str(back["text"]) == "word"


def test_every_truncation_is_told(tmp_path):
    write_npz(tmp_path / "a.npz", {"a": np.random.default_rng(0).normal(size=1000)})
    whole = (tmp_path / "a.npz").read_bytes()
    for share in (0.0, 0.1, 0.5, 0.9, 0.999):
        (tmp_path / "cut.npz").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(InputError) as caught:
            read_npz(tmp_path / "cut.npz")
        assert "cut.npz" in caught.value.message
        assert caught.value.hint


def test_damaged_content_is_told(tmp_path):
    write_npz(tmp_path / "a.npz", {"a": np.random.default_rng(0).normal(size=1000)})
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[500:600] = bytes(100)
    (tmp_path / "a.npz").write_bytes(bytes(content))
    with pytest.raises(InputError, match="damaged"):
        read_npz(tmp_path / "a.npz")


def test_pickles_are_refused_and_not_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    np.savez(tmp_path / "p.npz", a=np.array([Bomb()], dtype=object), fps=30)
    with pytest.raises(InputError, match="pickled"):
        read_npz(tmp_path / "p.npz")
    assert not (tmp_path / "ran").exists()


def test_missing_file_and_other_formats_are_told(tmp_path):
    with pytest.raises(InputError, match="There is no file"):
        read_npz(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(InputError, match="not an npz"):
        read_npz(tmp_path / "text.npz")


def test_a_place_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_npz(tmp_path / "file" / "a.npz", {"a": np.zeros(1)})
