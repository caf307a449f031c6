"""Which recording trains, validates or tests: by a rule that the manifest names."""

from __future__ import annotations

import csv
import fnmatch
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from motionfit.datasets.identity import natural_key, same_name
from motionfit.datasets.manifest import SPLITS
from motionfit.datasets.settings import PrepareSettings
from motionfit.errors import InputError, SettingsError

_NAME_COLUMNS = ("path", "file", "name", "id")
_FEW = 12
_ENDINGS = ("_poses", "_stageii")


class Candidate(NamedTuple):
    """A recording that may go into a split.

    Attributes:
        place: Its path in its source.
        source: Its data set.
        subject: Who is recorded.
    """

    place: str
    source: str
    subject: str


class Place(NamedTuple):
    """Where a recording goes: the split and the rule that put it there; both empty where none took it."""

    split: str
    rule: str


NOWHERE = Place("", "")


@dataclass(frozen=True)
class Assignment:
    """Where all recordings go.

    Attributes:
        places: One for each.
        warnings: Sentences about subjects in two splits and names that nothing has.
    """

    places: tuple[Place, ...]
    warnings: tuple[str, ...]


def assign_splits(candidates: Sequence[Candidate], settings: PrepareSettings) -> Assignment:
    """Apply the rule of the settings.

    Raises:
        SettingsError: A recording is in two lists, or the list file makes no sense.
        InputError: A split got nothing; the message says by which rule and what there is.
    """
    warnings: list[str] = []
    if settings.split == "equal-thirds":
        places = _thirds(candidates)
    else:
        places, warnings = _by_names(candidates, _patterns(settings), settings)
    _refuse_empty(candidates, places, settings)
    return Assignment(tuple(places), (*warnings, *_shared_subjects(candidates, places)))


def _patterns(settings: PrepareSettings) -> dict[str, tuple[str, ...]]:
    if settings.list_file:
        return _read_list(Path(settings.list_file))
    named: dict[str, tuple[str, ...]] = {split: tuple(getattr(settings, split)) for split in SPLITS}
    if settings.split != "list":
        return named
    folders = {"val": ("val/**", "vald/**", "validation/**")}
    return {split: names or folders.get(split, (f"{split}/**",)) for split, names in named.items()}


def _read_list(path: Path) -> dict[str, tuple[str, ...]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The list file {path} cannot be read ({error}).", "Check the path.") from error
    rows = _csv_rows(text, path) if path.suffix.lower() == ".csv" else _lines(text, path)
    listed: dict[str, list[str]] = {split: [] for split in SPLITS}
    for line, split, name in rows:
        if split not in listed:
            raise SettingsError(
                f"{path}, line {line}: {split!r} is no split.", f"Splits are {', '.join(SPLITS)}; other lines go out."
            )
        listed[split].append(name)
    return {split: tuple(names) for split, names in listed.items()}


def _csv_rows(text: str, path: Path) -> list[tuple[int, str, str]]:
    reader = csv.DictReader(io.StringIO(text))
    columns = reader.fieldnames or ()
    name = next((column for column in _NAME_COLUMNS if column in columns), None)
    if "split" not in columns or name is None:
        raise SettingsError(
            f"{path} has the columns {', '.join(columns) or '(none)'}.",
            f"It needs split and one of {', '.join(_NAME_COLUMNS)}.",
        )
    return [(line, (row["split"] or "").strip(), (row[name] or "").strip()) for line, row in enumerate(reader, 2)]


def _lines(text: str, path: Path) -> list[tuple[int, str, str]]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split(None, 1)
        if len(words) == 1:
            raise SettingsError(f"{path}, line {number} is {line!r}.", "A line is a split and a path: train a/b.npz")
        if words:
            rows.append((number, words[0], words[1].strip()))
    return rows


def _by_names(
    candidates: Sequence[Candidate], patterns: Mapping[str, Sequence[str]], settings: PrepareSettings
) -> tuple[list[Place], list[str]]:
    exact: dict[str, dict[str, str]] = {split: {} for split in SPLITS}
    globs: dict[str, list[str]] = {split: [] for split in SPLITS}
    for split, names in patterns.items():
        for name in names:
            if any(sign in name for sign in "*?["):
                globs[split].append(name)
            else:
                exact[split][same_name(name) if settings.split == "dataset" else name.casefold()] = name
    used: set[tuple[str, str]] = set()
    places = []
    for candidate in candidates:
        names = _names_of(candidate, settings.split)
        found = {split: _match(names, exact[split], globs[split]) for split in SPLITS}
        hits = [(split, name) for split, name in found.items() if name]
        if len(hits) > 1:
            there = " and in ".join(f"{split} (by {name})" for split, name in hits)
            raise SettingsError(f"{candidate.place} is in {there}.", "Name it in one split only.")
        used.update(hits)
        places.append(Place(hits[0][0], f"{settings.split}: {hits[0][1]}") if hits else NOWHERE)
    return places, _unused(patterns, used, candidates, settings)


def _names_of(candidate: Candidate, rule: str) -> list[str]:
    """By what a recording may be named in a list, in small letters."""
    if rule == "dataset":
        return [same_name(candidate.source), candidate.source.casefold()]
    if rule == "subject":
        return [candidate.subject.casefold(), candidate.subject.rpartition("/")[2].casefold()]
    place = PurePosixPath(candidate.place)
    stem = place.stem
    bare = next((stem.removesuffix(ending) for ending in _ENDINGS if stem.endswith(ending)), stem)
    return [name.casefold() for name in (candidate.place, place.name, stem, bare, str(place.with_suffix("")))]


def _match(names: Sequence[str], exact: Mapping[str, str], globs: Sequence[str]) -> str:
    for name in names:
        if name in exact:
            return exact[name]
    return next((glob for glob in globs if any(fnmatch.fnmatchcase(name, glob.casefold()) for name in names)), "")


def _unused(
    patterns: Mapping[str, Sequence[str]],
    used: set[tuple[str, str]],
    candidates: Sequence[Candidate],
    settings: PrepareSettings,
) -> list[str]:
    given = {split: names for split, names in patterns.items() if settings.list_file or getattr(settings, split)}
    idle = [(split, name) for split, names in given.items() for name in names if (split, name) not in used]
    if not idle:
        return []
    listed = _some([f"{name} ({split})" for split, name in idle])
    return [f"Nothing is there for {listed}; there are {_what_there_is(candidates, settings.split)}."]


def _thirds(candidates: Sequence[Candidate]) -> list[Place]:
    subjects = sorted({candidate.subject for candidate in candidates}, key=_subject_key)
    if len(subjects) < len(SPLITS):
        raise InputError(
            f"The rule equal-thirds needs three subjects, and there {'is' if len(subjects) == 1 else 'are'} "
            f"{len(subjects)}: {_some(subjects)}.",
            "Split by list, or give more recordings.",
        )
    group, more = divmod(len(subjects), len(SPLITS))
    sizes = [group + (place < more) for place in range(len(SPLITS))]
    splits = [split for split, size in zip(SPLITS, sizes, strict=True) for _ in range(size)]
    number = {subject: place for place, subject in enumerate(subjects)}
    return [
        Place(splits[place], f"equal-thirds: subject {place + 1} of {len(subjects)}")
        for place in (number[candidate.subject] for candidate in candidates)
    ]


def _subject_key(subject: str) -> tuple[list[tuple[int, int, str]], list[tuple[int, int, str]]]:
    return natural_key(subject.rpartition("/")[2]), natural_key(subject)


def _refuse_empty(candidates: Sequence[Candidate], places: Sequence[Place], settings: PrepareSettings) -> None:
    filled = {place.split for place in places}
    empty = [split for split in SPLITS if split not in filled and split not in settings.without]
    if not empty:
        return
    named = "; ".join(f"{split}: {_some(names) or 'nothing'}" for split, names in _rule_text(settings).items())
    raise InputError(
        f"The split {' and the split '.join(empty)} would be empty. The rule is {settings.split} ({named}), "
        f"and there are {_what_there_is(candidates, settings.split)}.",
        f"Change the lists or the rule (equal-thirds needs no lists), or allow it with --without {empty[0]}.",
    )


def _rule_text(settings: PrepareSettings) -> dict[str, list[str]]:
    if settings.split == "equal-thirds":
        return {}
    return {split: list(names) for split, names in _patterns(settings).items()}


def _what_there_is(candidates: Sequence[Candidate], rule: str) -> str:
    if rule == "dataset":
        return "the data sets " + _some(sorted({candidate.source for candidate in candidates}, key=natural_key))
    if rule == "list":
        places = sorted({candidate.place for candidate in candidates}, key=natural_key)
        return f"{len(places)} recordings like " + _some(places[:3])
    return "the subjects " + _some(sorted({candidate.subject for candidate in candidates}, key=natural_key))


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_FEW])
    return shown if len(names) <= _FEW else f"{shown} … ({len(names)} in all)"


def _shared_subjects(candidates: Sequence[Candidate], places: Sequence[Place]) -> list[str]:
    splits: dict[str, set[str]] = {}
    for candidate, place in zip(candidates, places, strict=True):
        if place.split:
            splits.setdefault(candidate.subject, set()).add(place.split)
    return [
        f"Duplicate subject: {subject} is in {' and '.join(split for split in SPLITS if split in found)}, so that "
        "figures of these splits are not those of unknown people."
        for subject, found in sorted(splits.items(), key=lambda item: natural_key(item[0]))
        if len(found) > 1
    ]
