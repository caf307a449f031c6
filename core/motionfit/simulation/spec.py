"""What `--simulate` asks for, as data."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from motionfit.errors import SettingsError
from motionfit.simulation.spoil import FAULT_KINDS, Fault

_EXAMPLE = "For example noise=0.04, below=0.9, or project=1280x720:f1060,noise_px=4,drop=0.1,missing=20:30."
_SPANS = ("missing", *FAULT_KINDS)
_KEYS = ("noise", "below", "points", "project", "noise_px", "drop", "wrong", *_SPANS)


@dataclass(frozen=True)
class Projection:
    """A static camera that looks at the person.

    Attributes:
        image_size: Width and height, px.
        focal: Focal length, px.
    """

    image_size: tuple[int, int]
    focal: float


@dataclass(frozen=True)
class SimulationSpec:
    """How a known motion is observed.

    Attributes:
        noise: Standard deviation of the 3D points, m.
        below: Surface keypoints under this height are hidden, m; asks for 3D keypoints instead of joints.
        points: Asks for so many unordered points of the surface in each frame instead.
        projection: Asks for 2D keypoints.
        noise_px: Standard deviation of the 2D keypoints, px.
        drop: Share of all points that are lost at random, 0..1.
        missing: Spans of frames without any observation, start and stop (not included).
        wrong: Share of the frames whose observations are mistaken, at random places, 0..1.
        faults: Mistakes at known places.
    """

    noise: float = 0.0
    below: float | None = None
    points: int = 0
    projection: Projection | None = None
    noise_px: float = 0.0
    drop: float = 0.0
    missing: tuple[tuple[int, int], ...] = ()
    wrong: float = 0.0
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        if self.noise < 0 or self.noise_px < 0:
            raise SettingsError("--simulate: noise must not be negative.", _EXAMPLE)
        if not 0 <= self.drop < 1:
            raise SettingsError(f"--simulate: drop is {self.drop:g}; it must lie between 0 and 1.", _EXAMPLE)
        if not 0 <= self.wrong <= 0.5:
            raise SettingsError(f"--simulate: wrong is {self.wrong:g}; it must lie between 0 and 0.5.", _EXAMPLE)
        if self.projection is None and self.noise_px > 0:
            raise SettingsError("--simulate: noise_px needs project.", _EXAMPLE)
        if self.projection is not None and self.noise > 0:
            raise SettingsError("--simulate: noise is in metres; with project give noise_px.", _EXAMPLE)
        if self.projection is not None and self.below is not None:
            raise SettingsError("--simulate: below hides 3D keypoints and cannot go with project.", _EXAMPLE)
        if self.points > 0 and (self.projection is not None or self.below is not None):
            raise SettingsError("--simulate: points cannot go with below or project.", _EXAMPLE)
        if self.points > 0 and (self.wrong > 0 or self.faults):
            raise SettingsError("--simulate: mistakes are known for joints and keypoints, not for points.", _EXAMPLE)
        spans = [("missing", *span) for span in self.missing]
        for key, start, stop in spans + [(fault.kind, fault.start, fault.stop) for fault in self.faults]:
            if not 0 <= start < stop:
                raise SettingsError(f"--simulate: {key}={start}:{stop} is no span of frames.", _EXAMPLE)

    @property
    def kind(self) -> str:
        """What is observed: "joints3d", "keypoints3d", "points3d" or "keypoints2d"."""
        if self.projection is not None:
            return "keypoints2d"
        if self.points > 0:
            return "points3d"
        return "joints3d" if self.below is None else "keypoints3d"

    @classmethod
    def parse(cls, text: str) -> SimulationSpec:
        """From "key=value,…" as the command line writes it; spans of frames may be given more than once.

        Raises:
            SettingsError: A key is unknown or given twice, or a value makes no sense.
        """
        given: dict[str, str] = {}
        spans: list[tuple[str, int, int]] = []
        for item in (part.strip() for part in text.split(",")):
            key, equals, value = item.partition("=")
            _check_key(key, equals, item)
            if key in _SPANS:
                spans.append((key, *_span(key, value)))
            elif key in given:
                raise SettingsError(f"--simulate: {key} is given twice.", _EXAMPLE)
            else:
                given[key] = value
        return cls(
            noise=_number("noise", given.get("noise", "0")),
            below=_number("below", given["below"]) if "below" in given else None,
            points=_whole("points", given.get("points", "0")),
            projection=_projection(given["project"]) if "project" in given else None,
            noise_px=_number("noise_px", given.get("noise_px", "0")),
            drop=_number("drop", given.get("drop", "0")),
            missing=tuple((start, stop) for key, start, stop in spans if key == "missing"),
            wrong=_number("wrong", given.get("wrong", "0")),
            faults=tuple(Fault(*span) for span in spans if span[0] != "missing"),
        )


def _check_key(key: str, equals: str, item: str) -> None:
    if key not in _KEYS:
        near = difflib.get_close_matches(key, _KEYS, n=1)
        raise SettingsError(f"--simulate: {item!r} is not known.", f"Did you mean {near[0]}=?" if near else _EXAMPLE)
    if not equals:
        raise SettingsError(f"--simulate: {key} needs a value.", _EXAMPLE)


def _number(key: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise SettingsError(f"--simulate: {key}={value} is not a number.", _EXAMPLE) from None
    if number != number or number in (float("inf"), float("-inf")):
        raise SettingsError(f"--simulate: {key}={value} is not a finite number.", _EXAMPLE)
    return number


def _whole(key: str, value: str) -> int:
    if not value.isdecimal():
        raise SettingsError(f"--simulate: {key}={value} is not a whole number.", _EXAMPLE)
    return int(value)


def _span(key: str, value: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+):(\d+)", value)
    if match is None:
        raise SettingsError(f"--simulate: {key}={value} is not a span of frames like 20:30.", _EXAMPLE)
    return int(match[1]), int(match[2])


def _projection(value: str) -> Projection:
    match = re.fullmatch(r"(\d+)x(\d+):f(\d+(?:\.\d+)?)", value)
    if match is None:
        raise SettingsError(f"--simulate: project={value} is not WIDTHxHEIGHT:fFOCAL.", _EXAMPLE)
    width, height, focal = int(match[1]), int(match[2]), float(match[3])
    if width < 16 or height < 16 or focal <= 0:
        raise SettingsError(f"--simulate: project={value} is too small.", _EXAMPLE)
    return Projection((width, height), focal)
