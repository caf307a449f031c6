"""`motionfit data`: make one dataset of folders and archives of motion, and look at it."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motionfit.cli.console import Failure, print_failure, print_table, say
from motionfit.cli.data_progress import PrepareMonitor
from motionfit.cli.options import Commands, add_common, default_threads, positive
from motionfit.errors import InputError, SettingsError

if TYPE_CHECKING:
    from motionfit.datasets.manifest import Manifest
    from motionfit.datasets.prepare import Outcome
    from motionfit.datasets.settings import PrepareSettings

_INTERRUPTED = 130
_FEW_WARNINGS = 20
_LISTS = ("train", "val", "test", "without")


def add_command(commands: Commands) -> None:
    """Register `data prepare` and `data show`."""
    parser = commands.add_parser("data", help="prepare motion data for training", description="Data for the priors.")
    kinds = parser.add_subparsers(title="what to do", metavar="WHAT", required=True)
    _add_prepare(kinds)
    show = kinds.add_parser("show", help="what is in a prepared dataset")
    show.add_argument("dataset", type=Path, metavar="DATASET")
    show.add_argument("--verify", action="store_true", help="read all numbers and compare them with their hashes")
    add_common(show)
    show.set_defaults(run=run_show)


def _add_prepare(kinds: Commands) -> None:
    parser = kinds.add_parser(
        "prepare",
        help="make one dataset of folders, archives and files",
        description="Read motion (AMASS npz of SMPL-H and SMPL-X, .bvh, .amc) from folders, files and .tar.bz2, "
        ".tar.xz, .tar.gz and .zip archives; find the floor, label contacts, resample to 30 frames per second, split, "
        "and write one dataset with a manifest. When it is stopped, the same command goes on.",
    )
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help="folder, archive or file")
    parser.add_argument("-o", "--output", metavar="DATASET", help="folder of the dataset")
    parser.add_argument("--config", type=Path, metavar="FILE.toml", help="settings; what is given here comes first")
    group = parser.add_argument_group("split")
    group.add_argument("--split", metavar="RULE", help="list (default), dataset, subject or equal-thirds")
    for name in ("train", "val", "test"):
        group.add_argument(
            f"--{name}", action="append", metavar="NAME,…",
            help=f"what goes to {name}: data sets, subjects, or patterns of paths ('{name}/**')",
        )  # fmt: skip
    group.add_argument(
        "--list", dest="list_file", metavar="FILE", help="CSV with split and path, or lines 'split path'"
    )
    group.add_argument("--without", action="append", metavar="SPLIT,…", help="splits that may be empty")
    group = parser.add_argument_group("clips")
    group.add_argument("--body", metavar="FILE", help="SMPL-H file for floors, contacts and shapes (the open body)")
    group.add_argument("--shortest", type=float, metavar="SECONDS", help="leave out what is shorter (0.5)")
    group.add_argument("--trim", type=float, metavar="SHARE", help="cut this share from each end (0; HuMoR: 0.1)")
    group.add_argument("--keep-objects", action="store_true", default=None, help="keep what steps on things, marked so")
    parser.add_argument(
        "--workers", type=positive, default=default_threads(), help="processes (cores − 1: %(default)s)"
    )
    parser.add_argument("--fresh", action="store_true", help="replace a dataset that is there; use no earlier work")
    add_common(parser)
    parser.set_defaults(run=run_prepare)


def settings_of(given: argparse.Namespace) -> PrepareSettings:
    """The settings that a command line and its TOML file give together.

    Raises:
        SettingsError: The file or a value makes no sense, or there is no output.
    """
    from motionfit.datasets.settings import PrepareSettings, read_settings_file

    content: dict[str, Any] = {} if given.config is None else read_settings_file(given.config)
    for name in ("output", "split", "list_file", "body", "shortest", "trim", "keep_objects"):
        if getattr(given, name) is not None:
            content[name] = getattr(given, name)
    for name in _LISTS:
        if getattr(given, name) is not None:
            content[name] = [word.strip() for text in getattr(given, name) for word in text.split(",") if word.strip()]
    if given.sources:
        content["sources"] = given.sources
    where = "the command line" if given.config is None else str(given.config)
    settings = PrepareSettings.from_mapping(content, where)
    if not settings.output:
        raise SettingsError("It is not said where the dataset goes.", "Give -o DATASET, or output in the TOML file.")
    return settings


def run_prepare(given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    """Prepare, and tell."""
    settings = settings_of(given)
    import torch

    from motionfit.datasets.prepare import prepare
    from motionfit.files.archives import Stopped

    torch.set_num_threads(1)
    began = time.monotonic()
    with PrepareMonitor(given) as monitor:
        try:
            outcome = prepare(settings, given.workers, given.fresh, monitor)
        except Stopped:
            failure = Failure(
                "interrupted",
                f"Stopped; what is done is kept in {settings.output}.",
                "Run the same command again (without --fresh): it goes on from there.",
            )
            print_failure(failure)
            return _INTERRUPTED, {"error": failure.to_json()}
    report = {
        "dataset": settings.output,
        "is_new": outcome.is_new,
        "processed": outcome.processed,
        "kept": outcome.kept,
        "seconds": round(time.monotonic() - began, 2),
        **_report(outcome.manifest, Path(settings.output)),
    }
    _tell(given, outcome, report)
    return _code(outcome.manifest, report)


def run_show(given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    """Tell what is in a dataset.

    Raises:
        InputError: It is none, or its numbers are not those that were written.
    """
    from motionfit.datasets.prepared import open_dataset

    dataset = open_dataset(given.dataset)
    damaged = dataset.damaged_arrays() if given.verify else []
    if damaged:
        raise InputError(
            f"{given.dataset} is damaged: the numbers in {', '.join(damaged)} have changed.",
            "Prepare it again with `motionfit data prepare … --fresh`.",
        )
    report = {"dataset": str(given.dataset), **_report(dataset.manifest, given.dataset)}
    _tell_tables(given, report)
    say(given, f"{given.dataset}: {dataset.hash}" + (", all numbers verified" if given.verify else ""))
    return 0, report


def _report(manifest: Manifest, folder: Path) -> dict[str, Any]:
    from motionfit.datasets.prepared import open_dataset

    return {
        "hash": manifest.hash,
        "splits": open_dataset(folder).summary(),
        "dropped": dict(sorted(Counter(item["reason"] for item in manifest.dropped).items())),
        "duplicates": len(manifest.duplicates),
        "skipped": len(manifest.skipped),
        "warnings": list(manifest.warnings),
    }


def _tell(given: argparse.Namespace, outcome: Outcome, report: Mapping[str, Any]) -> None:
    _tell_tables(given, report)
    warnings = report["warnings"]
    for warning in warnings[:_FEW_WARNINGS]:
        say(given, f"Warning: {warning}")
    if len(warnings) > _FEW_WARNINGS:
        say(given, f"… and {len(warnings) - _FEW_WARNINGS} more warnings in the manifest.")
    if not outcome.is_new:
        say(given, f"{report['dataset']} is up to date: same settings, same sources.")
        return
    frames = sum(clip.frames for clip in outcome.manifest.clips)
    earlier = f" ({outcome.kept} of them before)" if outcome.kept else ""
    say(
        given,
        f"{report['dataset']}: {len(outcome.manifest.clips)} clips, {frames} frames, of "
        f"{outcome.processed + outcome.kept} recordings{earlier} in {report['seconds']:.1f} s.",
    )


def _tell_tables(given: argparse.Namespace, report: Mapping[str, Any]) -> None:
    splits = report["splits"]
    kinds = sorted({kind for split in splits.values() for kind in split["minutes_by_kind"]})
    rows = [["clips", *(str(split["clips"]) for split in splits.values())]]
    rows.append(["subjects", *(str(split["subjects"]) for split in splits.values())])
    rows.append(["minutes", *(f"{split['minutes']:.1f}" for split in splits.values())])
    rows += [
        [f"  {kind}", *(f"{split['minutes_by_kind'].get(kind, 0.0):.1f}" for split in splits.values())]
        for kind in kinds
    ]
    print_table(given, "dataset", ("", *splits), rows)
    left_out = [[reason, str(count)] for reason, count in report["dropped"].items()]
    left_out += [[name, str(report[name])] for name in ("duplicates", "skipped") if report[name]]
    if left_out:
        print_table(given, "left out (each with its reason in the manifest)", ("reason", "files"), left_out)


def _code(manifest: Manifest, report: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """1 where an archive could not be read to its end: what there is was prepared, and it is not all."""
    damaged = [source["damage"] for source in manifest.sources if source["damage"]]
    if not damaged:
        return 0, report
    failure = Failure(
        InputError.kind,
        f"{'; '.join(damaged)}. The dataset was made of the rest.",
        "Copy the archive again, and run the command with --fresh.",
    )
    print_failure(failure)
    return 1, {**report, "error": failure.to_json()}
