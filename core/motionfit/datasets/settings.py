"""How a dataset is prepared: a mapping or a TOML file, checked, with the nearest key named where one is unknown."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from motionfit.datasets.contacts import ContactRule
from motionfit.datasets.floor import FloorRule
from motionfit.datasets.manifest import SPLITS
from motionfit.errors import SettingsError, require_one_of

RULES = ("list", "dataset", "subject", "equal-thirds")
DATASET_FPS = 30.0
_CODE = 1
"""Of the code that processes clips: another number makes old work of no use."""

_TABLES = MappingProxyType({"floor": FloorRule, "contacts": ContactRule})
_SPLIT_KEYS = ("split", *SPLITS, "list_file", "without")
_ELSEWHERE = ("sources", "output")
_KINDS: Mapping[type, tuple[str, tuple[type, ...]]] = MappingProxyType({
    bool: ("true or false", (bool,)), int: ("a whole number", (int,)), float: ("a number", (int, float)),
    str: ("a text", (str,)),
})  # fmt: skip


@dataclass(frozen=True)
class PrepareSettings:
    """All settings of `motionfit data prepare`.

    Attributes:
        sources: Folders, archives and files of motion.
        output: Folder of the dataset.
        split: Rule: "list" (patterns of paths, or `list_file`), "dataset" (names of data sets), "subject" (names of
            subjects) or "equal-thirds" (subjects sorted by number, three equal groups).
        train: What the rule puts there; empty with "list" stands for the folder train.
        val: The same for validation.
        test: The same for testing.
        list_file: With "list": a CSV with the columns split and path (or file, name, id), or lines "split path".
        without: Splits that may be empty.
        body: SMPL-H file that floors and contacts are found with; empty stands for the open body. Only with a file
            of one's own the shapes (betas) of the recordings count: the open body has another shape space.
        trim: Share of the frames cut from each end (HuMoR: 0.1).
        shortest: Seconds that a recording must last (HuMoR: 1).
        least_fps: Recordings of a lower frame rate are left out: their velocities would be made up.
        most_flips: Share of the frames in which a joint may turn impossibly fast.
        keep_objects: Keep recordings that step on things, marked by their floor "objects".
        floor: How the floor is found where a file does not say that it is z = 0.
        contacts: When a joint touches the floor.
    """

    sources: tuple[str, ...] = ()
    output: str = ""
    split: str = "list"
    train: tuple[str, ...] = ()
    val: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    list_file: str = ""
    without: tuple[str, ...] = ()
    body: str = ""
    trim: float = 0.0
    shortest: float = 0.5
    least_fps: float = 20.0
    most_flips: float = 0.01
    keep_objects: bool = False
    floor: FloorRule = field(default_factory=FloorRule)
    contacts: ContactRule = field(default_factory=ContactRule)

    def __post_init__(self) -> None:
        require_one_of(self.split, RULES, "split rule")
        for name in self.without:
            require_one_of(name, SPLITS, "split in without")
        _check(0 <= self.trim < 0.5, f"trim is {self.trim}; it must be 0 or more and below 0.5.")
        _check(self.shortest >= 0, f"shortest is {self.shortest} s; it must not be negative.")
        _check(self.least_fps > 0, f"least_fps is {self.least_fps}; it must be above 0.")
        _check(0 <= self.most_flips <= 1, f"most_flips is {self.most_flips}; it must lie between 0 and 1.")
        _check(self.floor.speed > 0, f"floor.speed is {self.floor.speed} m/s; it must be above 0.")
        _check(self.floor.reach > 0, f"floor.reach is {self.floor.reach} m; it must be above 0.")
        _check(self.floor.least >= 1, f"floor.least is {self.floor.least}; it must be 1 or more.")
        _check(self.contacts.speed > 0, f"contacts.speed is {self.contacts.speed} m/s; it must be above 0.")
        self._check_split()

    def _check_split(self) -> None:
        named = {name: getattr(self, name) for name in SPLITS if getattr(self, name)}
        if self.split == "equal-thirds":
            _check(not named, f"The rule equal-thirds takes no lists, and there is one for {', '.join(named)}.")
            _check(not self.without, "The rule equal-thirds fills all three splits: without says nothing there.")
        if self.split in ("dataset", "subject"):
            missing = [name for name in SPLITS if name not in named and name not in self.without]
            if missing:
                raise SettingsError(
                    f"The rule {self.split} needs a list of {self.split}s for {' and '.join(missing)}.",
                    f"Give --{missing[0]} NAME…, or --without {missing[0]} if it may be empty.",
                )
        if self.list_file:
            _check(self.split == "list", f"A list file belongs to the rule list, and the rule is {self.split}.")
            _check(not named, f"There is a list file and a list for {', '.join(named)}: give one of the two.")

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any], where: str = "the settings") -> PrepareSettings:
        """From a mapping with the names of the attributes; `floor` and `contacts` are mappings themselves.

        Args:
            content: As a TOML file gives it.
            where: For messages.

        Raises:
            SettingsError: A key is unknown (the nearest is named), of a wrong type or out of range.
        """
        values = _typed(cls, content, where)
        for name, kind in _TABLES.items():
            if name in values:
                values[name] = kind(**_typed(kind, values[name], f"{where}, [{name}]"))
        return cls(**values)

    def to_mapping(self) -> dict[str, Any]:
        """As `from_mapping` takes it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def what_counts(self, body_hash: str) -> dict[str, Any]:
        """What of the settings changes the dataset, flat, by dotted names; paths of files stand for their content."""
        flat = _flat({key: value for key, value in self.to_mapping().items() if key not in (*_ELSEWHERE, "body")})
        if self.list_file:
            flat["list_file"] = _file_hash(Path(self.list_file))
        return {**flat, "body": body_hash, "uses_betas": bool(self.body), "fps": DATASET_FPS, "code": _CODE}

    def processing_hash(self, body_hash: str) -> str:
        """SHA-256 of what changes a clip."""
        counted = {key: value for key, value in self.what_counts(body_hash).items() if key not in _SPLIT_KEYS}
        return hash_of(counted)


def read_settings_file(path: Path) -> dict[str, Any]:
    """The mapping in a TOML file.

    Raises:
        SettingsError: There is no such file or it is not TOML; the line is named.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"There is no file {path}.", "Give a TOML file with --config.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error


def hash_of(content: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """SHA-256 of a value by its JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _file_hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise SettingsError(f"The list file {path} cannot be read ({error.strerror}).", "Check the path.") from error


def _flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in content.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def _typed(kind: type, content: object, where: str) -> dict[str, Any]:
    if not isinstance(content, Mapping):
        raise SettingsError(f"In {where} there must be a table, and there is {content!r}.")
    known = {item.name: item for item in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in content.items():
        require_one_of(str(key), known, f"key in {where}")
        item = known[key]
        default = item.default if item.default_factory is MISSING else item.default_factory()
        values[key] = _as(value, default, f"{key} in {where}")
    return values


def _as(value: Any, default: Any, what: str) -> Any:  # noqa: ANN401 - the type is that of the default
    if isinstance(default, tuple):
        if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(v, str) for v in value):
            raise SettingsError(f"{what} is {value!r}; it must be a list of names.")
        return tuple(value)
    if not isinstance(default, bool | int | float | str):
        return value
    wanted, kinds = _KINDS[type(default)]
    is_right = isinstance(value, kinds) and isinstance(value, bool) == isinstance(default, bool)
    if not is_right:
        raise SettingsError(f"{what} is {value!r}; it must be {wanted}.")
    return float(value) if isinstance(default, float) else value


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise SettingsError(message)
