import io
import tarfile
import zipfile

import numpy as np
import pytest

from motionfit.errors import InputError, OutputError
from motionfit.files import archives
from motionfit.files.archives import Stopped, archive_stem, archive_suffix, unpack

SUFFIXES = (".tar.bz2", ".tbz2", ".tar.xz", ".tar.gz", ".tgz", ".tar", ".zip")
CONTENT = {
    "CMU/01/a.npz": b"first" * 5000,
    "CMU/01/b.npz": np.random.default_rng(0).bytes(300_000),
    "CMU/02/c.npz": np.random.default_rng(1).bytes(300_000),
    "CMU/LICENSE.txt": b"free",
}


def is_motion(name):
    return name.endswith(".npz")


def pack(path, content=CONTENT):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in content.items():
                archive.writestr(name, data)
        return path
    kind = {"bz2": "w:bz2", "tbz2": "w:bz2", "xz": "w:xz", "gz": "w:gz", "tgz": "w:gz", "tar": "w"}
    with tarfile.open(path, kind[path.suffix[1:]]) as archive:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def files_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_wanted_comes_out_as_it_went_in(tmp_path, suffix):
    archive = pack(tmp_path / f"CMU{suffix}")
    assert (archive_suffix(archive), archive_stem(archive)) == (suffix, "CMU")
    result = unpack(archive, tmp_path / "out", is_motion)
    assert (result.files, result.damage, result.left_out) == (3, "", ())
    assert result.size == sum(len(data) for name, data in CONTENT.items() if is_motion(name))
    for name, data in CONTENT.items():
        if is_motion(name):
            assert (tmp_path / "out" / name).read_bytes() == data
    assert not (tmp_path / "out/CMU/LICENSE.txt").exists()


def test_other_files_are_no_archives(tmp_path):
    assert archive_suffix(tmp_path / "walk.npz") == ""
    assert archive_suffix(tmp_path / "A.TAR.BZ2") == ".tar.bz2"


@pytest.mark.parametrize("suffix", [".tar.bz2", ".tar.xz", ".tar.gz", ".tar"])
@pytest.mark.parametrize("share", [0.75, 0.95])
def test_a_truncated_archive_is_named_and_what_is_whole_is_recovered(tmp_path, suffix, share):
    archive = pack(tmp_path / f"CMU{suffix}")
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * share)])
    result = unpack(archive, tmp_path / "out", is_motion)
    assert f"CMU{suffix} is truncated or damaged" in result.damage
    assert f"{result.files} files were recovered" in result.damage
    for path in (tmp_path / "out").rglob("*.npz"):
        assert path.read_bytes() == CONTENT[path.relative_to(tmp_path / "out").as_posix()]


def test_a_tar_cut_between_two_members_is_seen(tmp_path):
    archive = pack(tmp_path / "CMU.tar", {name: bytes(512) for name in CONTENT})
    archive.write_bytes(archive.read_bytes()[: 2 * 1024])
    result = unpack(archive, tmp_path / "out", is_motion)
    assert (result.files, "end mark" in result.damage) == (2, True)


def test_a_compressed_tar_cut_in_its_last_bytes_is_seen(tmp_path):
    archive = pack(tmp_path / "CMU.tar.gz")
    archive.write_bytes(archive.read_bytes()[:-6])
    result = unpack(archive, tmp_path / "out", is_motion)
    assert result.files == 3
    assert "truncated" in result.damage


@pytest.mark.parametrize("suffix", [".tar.bz2", ".zip"])
def test_another_kind_of_content_is_damage(tmp_path, suffix):
    archive = tmp_path / f"CMU{suffix}"
    archive.write_bytes(b"not an archive at all" * 100)
    result = unpack(archive, tmp_path / "out", is_motion)
    assert (result.files, "damaged" in result.damage) == (0, True)


def test_changed_bytes_in_a_zip_are_seen(tmp_path):
    archive = pack(tmp_path / "CMU.zip")
    content = bytearray(archive.read_bytes())
    content[200_000] ^= 255
    archive.write_bytes(content)
    assert "damaged" in unpack(archive, tmp_path / "out", is_motion).damage


@pytest.mark.parametrize("suffix", [".tar", ".tar.bz2", ".zip"])
@pytest.mark.parametrize("name", ["../evil.npz", "/evil.npz", "a/../../evil.npz", "C:/evil.npz", "a\\..\\evil.npz"])
def test_paths_that_escape_are_refused(tmp_path, suffix, name):
    archive = pack(tmp_path / f"bad{suffix}", {"good.npz": b"x", name: b"evil"})
    with pytest.raises(InputError, match="outside of its folder"):
        unpack(archive, tmp_path / "deep/out", is_motion)
    assert not [path for path in tmp_path.rglob("*evil*")]


def test_links_and_devices_are_left_out_and_named(tmp_path):
    archive = tmp_path / "links.tar"
    with tarfile.open(archive, "w") as content:
        for name, kind, target in (
            ("soft.npz", tarfile.SYMTYPE, "/etc/passwd"),
            ("hard.npz", tarfile.LNKTYPE, "good.npz"),
            ("device.npz", tarfile.CHRTYPE, ""),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            content.addfile(member)
    result = unpack(archive, tmp_path / "out", is_motion)
    assert [name for name, _ in result.left_out] == ["soft.npz", "hard.npz", "device.npz"]
    assert files_below(tmp_path / "out") == [".unpacked.json"]


def test_a_link_in_a_zip_is_left_out(tmp_path):
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as content:
        member = zipfile.ZipInfo("soft.npz")
        member.external_attr = 0o120777 << 16
        content.writestr(member, "/etc/passwd")
    assert unpack(tmp_path / "links.zip", tmp_path / "out", is_motion).left_out[0][0] == "soft.npz"


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_LEAST_LIMIT", 1 << 20)
    archive = pack(tmp_path / "bomb.tar.bz2", {f"{n}.npz": bytes(1 << 19) for n in range(8)})
    with pytest.raises(InputError, match="far more than its size"):
        unpack(archive, tmp_path / "out", is_motion)


def test_an_interrupted_unpacking_goes_on_with_what_is_whole(tmp_path):
    archive, out = pack(tmp_path / "CMU.tar.bz2"), tmp_path / "out"
    calls = iter([False, False, True])
    with pytest.raises(Stopped):
        unpack(archive, out, is_motion, lambda: next(calls))
    assert files_below(out) == ["CMU/01/a.npz", "CMU/01/b.npz"]
    first = (out / "CMU/01/a.npz").stat()
    (out / "CMU/01/b.npz").write_bytes(b"half")
    assert unpack(archive, out, is_motion).files == 3
    assert (out / "CMU/01/a.npz").stat().st_mtime_ns == first.st_mtime_ns
    assert (out / "CMU/01/b.npz").read_bytes() == CONTENT["CMU/01/b.npz"]


def test_what_is_unpacked_is_not_unpacked_again(tmp_path):
    archive, out = pack(tmp_path / "CMU.tar.bz2"), tmp_path / "out"
    first = unpack(archive, out, is_motion)
    archive.write_bytes(b"gone")
    assert unpack(archive, out, is_motion) == first


def test_a_place_that_is_not_writable_is_named(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="a file stands where a folder is needed"):
        unpack(pack(tmp_path / "CMU.zip"), tmp_path / "out" / "deeper", is_motion)
