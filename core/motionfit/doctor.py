"""Examine the machine and the installation: what is there, what is missing, what to do about it."""

from __future__ import annotations

import ctypes.util
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import av
import torch

from motionfit import __version__
from motionfit.body.load import default_body_path, load_body, open_body_path, user_body_folder
from motionfit.errors import MotionFitError
from motionfit.files.demo import OBSERVATIONS_FILE, demo_path
from motionfit.priors.checkpoints import KINDS, load_priors, read_card, shipped_path
from motionfit.priors.rollout_native_choice import INSTALL, numba_fault

OK, MISSING, BROKEN = "ok", "missing", "broken"

_LIBRARIES: dict[str, tuple[str, ...]] = {
    "OpenGL": ("GL", "EGL", "OpenGL"),
    "Qt platform": ("xkbcommon", "xkbcommon-x11", "xcb-cursor", "xcb-icccm", "xcb-keysyms", "dbus-1"),
}
_PACKAGES = {
    "GL": "libgl1", "EGL": "libegl1", "OpenGL": "libopengl0", "xkbcommon": "libxkbcommon0",
    "xkbcommon-x11": "libxkbcommon-x11-0", "xcb-cursor": "libxcb-cursor0", "xcb-icccm": "libxcb-icccm4",
    "xcb-keysyms": "libxcb-keysyms1", "dbus-1": "libdbus-1-3",
}  # fmt: skip
_CODECS = ("h264", "hevc", "mpeg4", "vp9", "av1")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: Of the thing.
        status: "ok", "missing" (something does not work without it) or "broken" (a fit cannot run).
        detail: What was found.
        advice: What to do; empty when it is ok.
    """

    name: str
    status: str
    detail: str
    advice: str = ""

    def to_json(self) -> dict[str, str]:
        """As in `motionfit doctor --json`."""
        return asdict(self)


def examine() -> list[Finding]:
    """Look at everything; no finding stops the next one."""
    looks: tuple[Callable[[], list[Finding]], ...] = (
        _versions, _compute, _acceleration, _window, _libraries, _body, _priors, _codecs, _demo,
    )  # fmt: skip
    return [finding for look in looks for finding in look()]


def _versions() -> list[Finding]:
    detail = f"{__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return [Finding("motionfit", OK, detail)]


def _compute() -> list[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found = [Finding("torch", OK, f"{torch.__version__}, {cores} cores")]
    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))
        return [*found, Finding("GPU", OK, names)]
    return [*found, Finding("GPU", MISSING, "no CUDA device: fits run on the CPU", "Nothing is needed.")]


def _acceleration() -> list[Finding]:
    if find_spec("numba") is None:
        detail = "no numba: fits take two to three times as long"
        return [Finding("acceleration", MISSING, detail, INSTALL)]
    fault = numba_fault()
    if fault is not None:
        return [Finding("acceleration", MISSING, f"numba cannot be used: {fault}", INSTALL)]
    return [Finding("acceleration", OK, f"numba {metadata.version('numba')}")]


def _window() -> list[Finding]:
    findings = []
    try:
        version = metadata.version("PySide6-Essentials")
    except metadata.PackageNotFoundError:
        advice = "pip install 'PySide6-Essentials<6.12'"
        findings.append(Finding("PySide6", MISSING, "not installed: the window cannot open", advice))
    else:
        aborts = sys.version_info < (3, 12) and version.startswith("6.12")
        advice = "pip install 'PySide6-Essentials<6.12'" if aborts else ""
        detail = f"{version} aborts on this Python" if aborts else version
        findings.append(Finding("PySide6", MISSING if aborts else OK, detail, advice))
    display = display_name()
    if display:
        return [*findings, Finding("display", OK, display)]
    advice = "Use `motionfit demo --headless`, or xvfb-run for the window."
    return [*findings, Finding("display", MISSING, "none: the window cannot open", advice)]


def display_name() -> str:
    """The display that a window can open on; empty where there is none."""
    if sys.platform in ("win32", "darwin"):
        return sys.platform
    return os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or ""


def _libraries() -> list[Finding]:
    if sys.platform != "linux":
        return []
    findings = []
    for name, libraries in _LIBRARIES.items():
        missing = [library for library in libraries if ctypes.util.find_library(library) is None]
        if missing:
            packages = " ".join(_PACKAGES[library] for library in missing)
            detail = f"the window lacks {', '.join('lib' + library for library in missing)}"
            findings.append(Finding(name, MISSING, detail, f"apt-get install {packages}"))
        else:
            findings.append(Finding(name, OK, f"{len(libraries)} libraries"))
    return findings


def _body() -> list[Finding]:
    path = default_body_path()
    try:
        body = load_body(path)
    except MotionFitError as error:
        return [Finding("body", BROKEN, error.message, error.hint)]
    which = "open body" if path == open_body_path() else str(path)
    vertices = body.surface.template.shape[0]
    own = len(list(user_body_folder().glob("*.npz"))) if user_body_folder().is_dir() else 0
    return [
        Finding("body", OK, f"{which} ({body.kind}, {body.gender}, {vertices} vertices)"),
        Finding("own bodies", OK, f"{own} in {user_body_folder()}"),
    ]


def _priors() -> list[Finding]:
    findings = []
    for kind in KINDS:
        path = shipped_path(kind)
        try:
            card = read_card(path)
        except MotionFitError as error:
            findings.append(Finding(kind, BROKEN, error.message, error.hint))
            continue
        size = path.stat().st_size / 1e6
        findings.append(Finding(kind, OK, f"{size:.1f} MB, {_metrics_of(card)}"))
    if all(finding.status == OK for finding in findings):
        try:
            load_priors()
        except MotionFitError as error:
            findings.append(Finding("priors", BROKEN, error.message, error.hint))
    return findings


def _metrics_of(card: dict[str, object]) -> str:
    metrics = card.get("metrics")
    if not isinstance(metrics, dict) or not metrics:
        return "its card names no metrics"
    shown = [f"{name} {value:.4g}" for name, value in metrics.items() if isinstance(value, int | float)]
    return ", ".join(shown[:4]) or "its card names no metrics"


def _codecs() -> list[Finding]:
    known = [name for name in _CODECS if name in av.codecs_available]
    missing = [name for name in _CODECS if name not in known]
    if "h264" in missing:
        return [Finding("video codecs", MISSING, f"only {', '.join(known) or 'none'}", "pip install --force av")]
    return [Finding("video codecs", OK, ", ".join(known))]


def _demo() -> list[Finding]:
    folder: Path = demo_path()
    if not (folder / OBSERVATIONS_FILE).is_file():
        advice = "Install MotionFit again; `motionfit demo` needs it."
        return [Finding("demo clip", MISSING, f"not in {folder}", advice)]
    return [Finding("demo clip", OK, str(folder))]
