"""Rules that no linter states: the size and the names of files, tests that test, data that is found."""

import ast
from importlib import resources
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_LONGEST_FILE = 400
_NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "misc", "common", "tools", "stuff"}
_SOURCES = sorted(path for root in ("core", "app") for path in (_ROOT / root).rglob("*.py"))
_TESTS = sorted((_ROOT / "tests").rglob("test_*.py"))


def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


def test_sources_are_found():
    assert len(_SOURCES) > 20
    assert len(_TESTS) > 5


def test_no_file_is_too_long():
    lengths = {_name(path): len(path.read_text().splitlines()) for path in _SOURCES}
    assert {name: length for name, length in lengths.items() if length > _LONGEST_FILE} == {}


def test_files_and_folders_have_names_that_say_what_is_in_them():
    vague = [_name(path) for path in _SOURCES if _NAMES_THAT_SAY_NOTHING & {path.stem, path.parent.name}]
    assert vague == []


def _asserts(function: ast.FunctionDef, called: dict[str, ast.FunctionDef], seen: frozenset[str]) -> bool:
    """Whether a test, or a function of its file that it calls, states anything."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name.startswith(("assert_", "raises", "warns", "gradcheck", "waitSignal", "waitUntil", "fail")):
            return True
        if name in called and name not in seen and _asserts(called[name], called, seen | {name}):
            return True
    return False


@pytest.mark.parametrize("path", _TESTS, ids=_name)
def test_every_test_states_something(path: Path):
    tree = ast.parse(path.read_text())
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    tests = [function for name, function in functions.items() if name.startswith("test_")]
    assert tests, f"{_name(path)} holds no test"
    assert [test.name for test in tests if not _asserts(test, functions, frozenset())] == []


def test_data_is_found_where_the_package_is_installed():
    data = resources.files("motionfit_resources")
    assert data.joinpath("presets", "video.toml").is_file()
    assert data.joinpath("body", "open_body_neutral.npz").is_file()
