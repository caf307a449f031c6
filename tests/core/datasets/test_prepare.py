"""A whole preparation: what is counted once, kept, resumed, refused; and the dataset that comes out."""

import errno
import json
import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from skeleton_files import perform, write_acclaim

from motionfit.datasets import parts, store
from motionfit.datasets import prepare as preparation
from motionfit.datasets.clips import labelled_states, read_clips
from motionfit.datasets.manifest import MANIFEST_FILE
from motionfit.datasets.prepare import prepare
from motionfit.datasets.prepared import open_dataset
from motionfit.datasets.settings import PrepareSettings
from motionfit.errors import InputError, OutputError, SettingsError
from motionfit.files.archives import Stopped


def go_on(title, done, total):
    return True


def run(*sources, output, workers=1, fresh=False, progress=go_on, **settings):
    given = {"split": "equal-thirds", **settings}
    whole = PrepareSettings(sources=tuple(map(str, sources)), output=str(output), **given)
    return prepare(whole, workers, fresh, progress)


@pytest.fixture
def amass(tmp_path, write):
    """Two data sets of six subjects, and the files of AMASS that are no motion."""
    folder = tmp_path / "amass"
    for number in range(1, 5):
        write(folder / "CMU" / f"{number:02}" / f"{number:02}_01_poses.npz", 40 + number, number)
        np.savez(folder / "CMU" / f"{number:02}" / "shape.npz", betas=np.zeros(16))
    for number in (9, 10):
        write(folder / "KIT" / str(number) / "walk_poses.npz", 70 + number, number, mocap_framerate=60)
    (folder / "LICENSE.txt").write_text("free")
    return folder


def contents(folder):
    arrays = folder / json.loads((folder / MANIFEST_FILE).read_text())["arrays"]
    return {path.relative_to(arrays).as_posix(): path.read_bytes() for path in sorted(arrays.rglob("*.npy"))}


def test_clips_are_those_of_the_files(collection, body, tmp_path):
    run(collection, output=tmp_path / "out", split="list", without=("test",))
    dataset = open_dataset(tmp_path / "out")
    for split in ("train", "val"):
        old, new = read_clips(collection / split, body), dataset.clips(split, body)
        assert [clip.name for clip in new] == [clip.name for clip in old]
        for one, other in zip(old, new, strict=True):
            for name in ("root_orientation", "body_pose", "betas"):
                torch.testing.assert_close(getattr(one, name), getattr(other, name), rtol=0, atol=1e-6)
            assert (one.kind, one.floor) == (other.kind, other.floor)
            moved = (one.root - other.root).abs().amax(0)
            assert moved.max() < 0.01  # rest pelvis of the open body against that by formula
            assert labelled_states(other, body).contacts.shape == (one.frames - 2, 9)
    with pytest.raises(InputError, match="no test split"):
        dataset.clips("test", body)
    assert dataset.summary()["train"]["minutes_by_kind"] == {"climb": 0.02, "walk": 0.04}
    assert dataset.damaged_arrays() == []


def test_clips_know_where_they_are_from(amass, tmp_path, body):
    outcome = run(amass, output=tmp_path / "out")
    assert (outcome.processed, outcome.kept, outcome.is_new) == (6, 0, True)
    clips = {clip.path.removeprefix(f"{amass}/"): clip for clip in outcome.manifest.clips}
    walk = clips["KIT/10/walk_poses.npz"]
    assert (walk.source, walk.subject, walk.source_fps, walk.source_frames, walk.frames) == (
        "KIT",
        "KIT/10",
        60,
        80,
        40,
    )
    assert walk.rule == "equal-thirds: subject 6 of 6"
    assert [clip.split for clip in clips.values()] == ["train"] * 2 + ["val"] * 2 + ["test"] * 2
    assert len(outcome.manifest.skipped) == 4
    (source,) = outcome.manifest.sources
    assert source["other_files"] == {".txt": 1}
    (clip, _) = open_dataset(tmp_path / "out").clips("test", body)
    assert (clip.source, clip.subject) == ("KIT", "KIT/9")


def test_the_number_of_workers_does_not_change_a_byte(amass, tmp_path):
    one, two = (run(amass, output=tmp_path / str(workers), workers=workers) for workers in (1, 2))
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    assert one.manifest.hash == two.manifest.hash
    assert one.manifest.clips == two.manifest.clips


def test_the_hash_is_of_the_content_wherever_it_is(amass, tmp_path):
    first = run(amass, output=tmp_path / "a").manifest.hash
    shutil.copytree(amass, tmp_path / "moved" / "amass")
    assert run(tmp_path / "moved" / "amass", output=tmp_path / "b").manifest.hash == first
    assert run(amass, output=tmp_path / "c", trim=0.1).manifest.hash != first


def test_nothing_is_counted_twice(amass, tmp_path):
    """A data set inside another, a copy in an archive, and a copy with other fields."""
    with tarfile.open(tmp_path / "CMU.tar.bz2", "w:bz2") as archive:
        archive.add(amass / "CMU", "CMU")
    with np.load(amass / "KIT/9/walk_poses.npz") as content:
        np.savez(amass / "KIT/9/copy_poses.npz", **{**content, "note": "again"})
    alone = run(amass, output=tmp_path / "alone")
    outcome = run(amass, amass / "CMU", tmp_path / "CMU.tar.bz2", output=tmp_path / "out")
    assert outcome.manifest.hash == alone.manifest.hash
    assert len(outcome.manifest.clips) == 6
    pairs = {item["path"]: item["duplicate_of"] for item in outcome.manifest.duplicates}
    assert len(pairs) == 9
    assert pairs[f"{tmp_path}/CMU.tar.bz2/CMU/01/01_01_poses.npz"] == f"{amass}/CMU/01/01_01_poses.npz"
    # The files of a folder come in natural order: the copy comes first.
    assert pairs[f"{amass}/KIT/9/walk_poses.npz"] == f"{amass}/KIT/9/copy_poses.npz"


def test_an_archive_is_a_source_like_its_folder(amass, tmp_path):
    with tarfile.open(tmp_path / "CMU.tar.xz", "w:xz") as archive:
        archive.add(amass / "CMU", "CMU")
    packed = run(tmp_path / "CMU.tar.xz", output=tmp_path / "a").manifest
    loose = run(amass / "CMU", output=tmp_path / "b").manifest
    assert packed.hash == loose.hash
    assert [clip.subject for clip in packed.clips] == ["CMU/01", "CMU/02", "CMU/03", "CMU/04"]
    assert not (tmp_path / "a" / "unfinished").exists()


def test_a_truncated_archive_is_named_and_the_rest_goes_on(amass, tmp_path):
    with tarfile.open(tmp_path / "KIT.tar.gz", "w:gz") as archive:
        archive.add(amass / "KIT", "KIT")
    content = (tmp_path / "KIT.tar.gz").read_bytes()
    (tmp_path / "KIT.tar.gz").write_bytes(content[: int(len(content) * 0.9)])
    manifest = run(amass / "CMU", tmp_path / "KIT.tar.gz", output=tmp_path / "out").manifest
    assert len(manifest.clips) == 5
    assert "KIT.tar.gz is truncated" in manifest.sources[1]["damage"]
    assert any("1 files were recovered" in warning for warning in manifest.warnings)


def test_what_is_left_out_has_its_reason(amass, tmp_path, write):
    write(amass / "CMU/01/short.npz", 1, 1)
    write(amass / "CMU/01/nan.npz", 40, 1, trans=np.full((40, 3), np.nan))
    write(amass / "CMU/01/zero.npz", 40, 1, mocap_framerate=0)
    write(amass / "CMU/01/negative.npz", 40, 1, mocap_framerate=-30)
    np.savez(amass / "CMU/01/none.npz", betas=np.zeros(16))
    np.savez(amass / "CMU/01/pickle.npz", poses=np.array([None, {}]))
    manifest = run(amass, output=tmp_path / "out").manifest
    reasons = {Path(item["path"]).stem: item["reason"] for item in manifest.dropped}
    assert reasons == {
        "short": "too short", "nan": "non-finite", "zero": "frame rate", "negative": "frame rate", "none": "no poses",
        "pickle": "unreadable",
    }  # fmt: skip
    assert len(manifest.clips) == 6


def test_the_same_again_is_up_to_date(amass, tmp_path, monkeypatch):
    first = run(amass, output=tmp_path / "out")
    monkeypatch.setattr(preparation, "make_part", None)
    again = run(amass, output=tmp_path / "out")
    assert (again.is_new, again.processed) == (False, 0)
    assert again.manifest.hash == first.manifest.hash


def test_other_settings_are_refused_and_shown(amass, tmp_path):
    old = run(amass, output=tmp_path / "out").manifest
    with pytest.raises(SettingsError) as caught:
        run(amass, output=tmp_path / "out", trim=0.1)
    assert "trim: 0.0 there, 0.1 now" in str(caught.value)
    assert "--fresh" in str(caught.value)
    assert open_dataset(tmp_path / "out").hash == old.hash
    new = run(amass, output=tmp_path / "out", trim=0.1, fresh=True).manifest
    assert open_dataset(tmp_path / "out").hash == new.hash != old.hash
    assert len(list((tmp_path / "out").glob("arrays-*"))) == 1


def test_other_files_are_refused_and_shown(amass, tmp_path, write):
    run(amass, output=tmp_path / "out")
    write(amass / "CMU/01/more.npz", 50, 3)
    write(amass / "CMU/02/02_01_poses.npz", 50, 4)
    (amass / "CMU/03/03_01_poses.npz").unlink()
    with pytest.raises(SettingsError) as caught:
        run(amass, output=tmp_path / "out")
    for part in ("1 files new", "more.npz", "1 files gone", "03_01_poses", "1 files changed", "02_01_poses"):
        assert part in str(caught.value)


def test_a_stopped_run_goes_on(amass, tmp_path):
    whole = run(amass, output=tmp_path / "whole").manifest
    with pytest.raises(Stopped):
        run(amass, output=tmp_path / "out", progress=lambda title, done, total: title != "processing" or done < 3)
    with pytest.raises(InputError, match="not finished"):
        open_dataset(tmp_path / "out")
    outcome = run(amass, output=tmp_path / "out")
    assert (outcome.processed, outcome.kept) == (3, 3)
    assert outcome.manifest.hash == whole.hash


def test_a_damaged_part_is_made_again_and_other_settings_use_none(amass, tmp_path):
    with pytest.raises(Stopped):
        run(amass, output=tmp_path / "out", progress=lambda title, done, total: title != "processing" or done < 4)
    damaged = sorted((tmp_path / "out/unfinished/parts").iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:-30])
    shutil.copytree(tmp_path / "out", tmp_path / "other")
    assert run(amass, output=tmp_path / "out").kept == 3
    assert run(amass, output=tmp_path / "other", trim=0.1).kept == 0


@pytest.mark.parametrize(("module", "name"), [(parts, "make_part"), (store, "write_arrays")])
def test_a_full_disk_loses_nothing(amass, tmp_path, monkeypatch, module, name):
    """The system refuses the fourth part, or the arrays."""
    whole = run(amass, output=tmp_path / "whole").manifest
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    calls = []

    def savez(stream, **content):
        calls.append(1)
        if len(calls) > 3:
            raise full
        real_savez(stream, **content)

    def fsync(descriptor):
        raise full

    real_savez = np.savez
    with monkeypatch.context() as patch:
        if name == "make_part":
            patch.setattr(module.np, "savez", savez)
        else:
            patch.setattr(module.os, "fsync", fsync)
        with pytest.raises(OutputError, match="disk is full"):
            run(amass, output=tmp_path / "out")
    with pytest.raises(InputError, match="not finished"):
        open_dataset(tmp_path / "out")
    outcome = run(amass, output=tmp_path / "out")
    assert outcome.kept == (3 if name == "make_part" else 6)
    assert outcome.manifest.hash == whole.hash


def test_a_replacement_that_fails_leaves_the_old_dataset(amass, tmp_path):
    old = run(amass, output=tmp_path / "out").manifest
    with pytest.raises(Stopped):
        run(amass, output=tmp_path / "out", fresh=True, trim=0.1, progress=lambda title, *_: title != "processing")
    assert open_dataset(tmp_path / "out").hash == old.hash


def test_nothing_found_says_what_there_is(tmp_path):
    folder = tmp_path / "amass"
    folder.mkdir()
    for name in ("ACCAD", "CMU", "KIT"):
        with tarfile.open(folder / f"{name}.tar.bz2", "w:bz2"):
            pass
    (folder / "notes.txt").write_text("x")
    with pytest.raises(InputError) as caught:
        run(folder, output=tmp_path / "out")
    for part in (f"Found 0 sequences under {folder}", "*.npz", "3 .tar.bz2 files", "as they are"):
        assert part in str(caught.value)
    assert not (tmp_path / "out" / "unfinished").exists()


def test_archives_beside_motion_are_told(amass, tmp_path):
    with tarfile.open(amass / "SFU.tar.bz2", "w:bz2"):
        pass
    assert any("1 .tar.bz2 file that" in text for text in run(amass, output=tmp_path / "out").manifest.warnings)


def test_nothing_usable_says_why(tmp_path, write):
    write(tmp_path / "a/short.npz", 2, 0)
    with pytest.raises(InputError, match=r"No recording can be used: .*short.npz: too short"):
        run(tmp_path / "a", output=tmp_path / "out")


def test_an_empty_split_keeps_the_work(amass, tmp_path):
    with pytest.raises(InputError, match="split test would be empty"):
        run(amass, output=tmp_path / "out", split="dataset", train=("CMU",), val=("KIT",), test=("SFU",))
    outcome = run(amass, output=tmp_path / "out", split="dataset", train=("CMU",), val=("KIT",), without=("test",))
    assert outcome.kept == 6


def test_missing_sources_and_other_kinds_of_files_are_named(tmp_path):
    (tmp_path / "a.fbx").write_text("x")
    for source, said in ((tmp_path / "gone", "There is no"), (tmp_path / "a.fbx", "not a kind of file")):
        with pytest.raises(InputError, match=said):
            run(source, output=tmp_path / "out")
    with pytest.raises(InputError, match="No source"):
        run(output=tmp_path / "out")


def test_a_place_with_other_files_or_none_is_refused(amass, tmp_path):
    with pytest.raises(OutputError, match="holds other files"):
        run(amass, output=amass)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file"):
        run(amass, output=tmp_path / "file")
    with pytest.raises(OutputError, match="a file stands where a folder is needed"):
        run(amass, output=tmp_path / "file" / "out")


def test_a_dataset_inside_of_its_source_does_not_read_itself(amass, tmp_path):
    with pytest.raises(Stopped):
        run(amass, output=amass / "out", progress=lambda title, done, total: title != "processing" or done < 5)
    assert len(run(amass, output=amass / "out").manifest.clips) == 6


def test_links_to_folders_are_followed_once(amass, tmp_path):
    (tmp_path / "all").mkdir()
    for name in ("CMU", "KIT"):
        (tmp_path / "all" / name).symlink_to(amass / name)
    (amass / "KIT" / "circle").symlink_to(tmp_path / "all")
    assert len(run(tmp_path / "all", output=tmp_path / "out").manifest.clips) == 6


def test_the_skeleton_beside_recordings_is_the_one_they_were_made_for(amass, tmp_path, body):
    rest = np.asarray(body.rest_joints(torch.zeros(16))) * 0.5
    np.savez(amass / "skeleton_used.npz", J=rest)
    run(amass / "CMU", output=tmp_path / "out")
    for clip in open_dataset(tmp_path / "out").clips("train", body):
        np.testing.assert_array_equal(clip.made_for, rest)
    np.savez(amass / "skeleton_used.npz", J=rest[:10])
    with pytest.raises(InputError, match="not rest joints"):
        run(amass / "CMU", output=tmp_path / "other")


def test_shared_motion_is_prepared_as_it_was_read(shared_mocap, tmp_path, open_body):
    run(shared_mocap / "test", output=tmp_path / "out", split="list", test=("*",), without=("train", "val"))
    clips, read = open_dataset(tmp_path / "out").clips("test", open_body), read_clips(shared_mocap / "test", open_body)
    assert len(clips) == 68
    for one, other in zip(read, clips, strict=True):
        assert one.name == other.name
        for name in ("root", "root_orientation", "body_pose", "made_for"):
            torch.testing.assert_close(getattr(one, name), getattr(other, name), rtol=0, atol=1e-6)


def test_archives_of_captured_skeletons_are_read_with_their_asf(tmp_path):
    for subject in ("07", "08", "09"):
        folder = tmp_path / "CMU" / subject
        folder.mkdir(parents=True)
        write_acclaim(folder, perform(120, size=20.0 + int(subject)), subject)
    with tarfile.open(tmp_path / "CMU.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "CMU", "CMU")
    manifest = run(tmp_path / "CMU.tar.gz", output=tmp_path / "out").manifest
    assert [clip.subject for clip in manifest.clips] == ["CMU/07", "CMU/08", "CMU/09"]
    assert manifest.sources[0]["other_files"] == {".asf": 3}
