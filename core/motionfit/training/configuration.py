"""Settings from TOML files and from `KEY=VALUE` on the command line, and back to TOML."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from motionfit.errors import SettingsError

_Settings = TypeVar("_Settings")


def shipped_folder() -> Path:
    """Where the configurations are that come with MotionFit."""
    return Path(str(resources.files("motionfit_resources") / "training"))


def read_configuration(name_or_path: str) -> dict[str, Any]:
    """The tables of a configuration by its name, or of a TOML file.

    Raises:
        SettingsError: There is none, or it is no TOML.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = shipped_folder() / f"{name_or_path}.toml"
        if not path.is_file():
            names = sorted(file.stem for file in shipped_folder().glob("*.toml"))
            raise SettingsError(f"Unknown configuration: {name_or_path!r}.", _nearest(name_or_path, names))
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"There is no configuration file {path}.", "Name a TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error


def parse_assignment(text: str) -> dict[str, Any]:
    """Tables with one value, from `loop.epochs=80`; the value is TOML, or a plain word.

    Raises:
        SettingsError: There is no key or no value.
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    if not key or not equals or not value:
        raise SettingsError(f"{text!r} sets nothing.", "Write KEY=VALUE, as loop.epochs=80.")
    try:
        content: Any = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        content = value
    for part in reversed(key.split(".")):
        content = {part: content}
    return dict(content)


def merged(tables: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables with the values of others put in, before any is checked: some only make sense together."""
    found = dict(tables)
    for name, value in others.items():
        before = found.get(name)
        found[name] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return found


def with_tables(settings: _Settings, tables: Mapping[str, Any], source: str) -> _Settings:
    """Settings with the values of nested tables put in.

    Args:
        settings: A frozen dataclass, of numbers, words, tuples and other such dataclasses.
        tables: Values by the names of its fields.
        source: Where they are from, for messages.

    Raises:
        SettingsError: A key is not known (names the nearest), or a value is of another type or out of range.
    """
    assert is_dataclass(settings)
    assert not isinstance(settings, type)
    types = get_type_hints(type(settings))
    changed: dict[str, Any] = {}
    for name, value in tables.items():
        if name not in types:
            raise SettingsError(f"Unknown key in {source}: {name!r}.", _nearest(name, list(types)))
        before = getattr(settings, name)
        if is_dataclass(before):
            if not isinstance(value, dict):
                raise SettingsError(f"{name} in {source} is {value!r}; it must be a table.")
            changed[name] = with_tables(before, value, f"{source}, {name}")
        else:
            changed[name] = _converted(value, types[name], f"{name} in {source}")
    try:
        return replace(settings, **changed)
    except ValueError as error:
        raise SettingsError(f"{source}: {error}.") from error


def flat(tables: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values of nested tables by their dotted keys."""
    found: dict[str, Any] = {}
    for name, value in tables.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def as_toml(tables: Mapping[str, Any], prefix: str = "") -> str:
    """Nested tables of numbers, words and lists as TOML."""
    values = {name: value for name, value in tables.items() if not isinstance(value, Mapping)}
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
    if prefix and values:
        text = f"[{prefix}]\n{text}"
    parts = [text] if text else []
    for name, value in tables.items():
        if isinstance(value, Mapping):
            parts.append(as_toml(value, f"{prefix}.{name}" if prefix else name))
    return "\n".join(parts)


def _converted(value: Any, wanted: Any, what: str) -> Any:  # noqa: ANN401 - of any type that settings have
    if get_origin(wanted) is tuple:
        if not isinstance(value, list):
            raise SettingsError(f"{what} is {value!r}; it must be a list.")
        return tuple(_converted(part, get_args(wanted)[0], f"an entry of {what}") for part in value)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        titles = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
        raise SettingsError(f"{what} is {value!r}; it must be {titles[wanted]}.")
    return value


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
