"""What a user can set about a fit; presets are TOML files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from motionfit.errors import SettingsError, require_one_of
from motionfit.pipeline.contact_overrides import ContactOverride
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.stages import DATA_TERMS, OPTIMISED_STAGES, PHASES, TERM_TITLES

Weights = Mapping[str, Mapping[str, float]]

AUTO, NO_ACCELERATION = "auto", "none"
ACCELERATIONS: tuple[str, ...] = (AUTO, NO_ACCELERATION)
"""As `priors.rollout_native_choice` takes them, which imports torch: the command line starts without it."""

METHODS: tuple[str, ...] = ("motionfit", "reference")
"""MotionFit's own way to fit, and HuMoR's as published (`motionfit.reference`)."""

LBFGS = "l-bfgs"
LEVENBERG_MARQUARDT = "levenberg-marquardt"
SOLVERS: dict[str, tuple[str, ...]] = {
    "stage1": (LBFGS, LEVENBERG_MARQUARDT),
    "stage2": (LBFGS, LEVENBERG_MARQUARDT),
    "stage3": (LBFGS,),
}
"""The solvers that a stage can be minimised by; the first where nothing is said."""


GROUND_MODES: dict[str, str] = {
    "default": "the floor that came with the data, z = 0 for 3D data; else as auto",
    "auto": "found under the feet of stage II, and refined as freely as it is uncertain",
    "given": "the floor that came with the data, held",
    "level": "level (or as the data says what is up), its height found and refined",
    "none": "no ground: in a car, climbing, swimming",
}
"""What motion stands on."""


@dataclass(frozen=True)
class FitSettings:
    """All settings of a fit.

    Attributes:
        preset: Name of the preset that these started from.
        weights: Weight of each term, per stage; a term that is absent does not count there.
        iterations: Iteration limit of each phase; absent = the phase's own.
        window: Frames of a stage III window.
        overlap: Least frames that neighbouring windows share.
        window_batch: How many windows of a clip are fitted together; 0 = as many as memory holds.
        tolerance: A phase ends when ten iterations of L-BFGS, or two steps of Levenberg-Marquardt, improve the loss by
            less than this share.
        stages: The stages to run, in order.
        freezes: What is held, and in which phases.
        device: "auto", "cpu" or "cuda[:n]".
        threads: Torch threads of the fit.
        seed: Of whatever is drawn at random.
        method: One of `METHODS`.
        robust: Of each data term, from how many standard deviations of the clip's own noise on (scaled by the median of
            its residuals) observations lose their pull; absent or 0 = the fixed scale of the published method: none in
            3D, 100 pixels in 2D. For MotionFit's own method only.
        solvers: Of each stage, one of `SOLVERS`; absent = the first of them. For MotionFit's own method only.
        acceleration: One of `ACCELERATIONS`: "auto" runs stage III's roll-out compiled where numba is installed.
            Likewise.
        ground: One of `GROUND_MODES`. For MotionFit's own method only.
        contacts: What the user knows of joints that touch the ground; a later one counts. Likewise.
        refitted: First frame of each range that was fitted anew afterwards, and the one after its last; told by
            results, not read by fits.
    """

    preset: str
    weights: Weights
    iterations: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    window: int = 60
    overlap: int = 10
    window_batch: int = 0
    tolerance: float = 1e-3
    stages: tuple[str, ...] = OPTIMISED_STAGES
    freezes: frozenset[Freeze] = frozenset()
    device: str = "auto"
    threads: int = 1
    seed: int = 0
    method: str = METHODS[0]
    solvers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    acceleration: str = AUTO
    ground: str = "default"
    contacts: tuple[ContactOverride, ...] = ()
    robust: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    refitted: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        for stage, terms in self.weights.items():
            require_one_of(stage, OPTIMISED_STAGES, "stage in weights")
            for term, weight in terms.items():
                require_one_of(term, TERM_TITLES, f"term in weights.{stage}")
                _check(weight >= 0, f"The weight of {term} in {stage} is {weight}; it must not be negative.")
        for phase, count in self.iterations.items():
            require_one_of(phase, [p.key for p in PHASES], "phase in iterations")
            _check(count >= 0, f"The iterations of {phase} are {count}; they must not be negative.")
        _check(self.window >= 3, f"The window is {self.window} frames; it needs 3 or more.")
        _check(
            0 <= self.overlap < self.window,
            f"The overlap {self.overlap} must be below the window {self.window}.",
        )
        _check(self.window_batch >= 0, f"The batch of windows is {self.window_batch}; it must not be negative.")
        _check(0 < self.tolerance < 1, f"The tolerance is {self.tolerance}; it must lie between 0 and 1.")
        _check(self.threads >= 1, f"The number of threads is {self.threads}; it must be 1 or more.")
        for stage in self.stages:
            require_one_of(stage, OPTIMISED_STAGES, "stage to run")
        require_one_of(self.method, METHODS, "method")
        require_one_of(self.acceleration, ACCELERATIONS, "acceleration")
        require_one_of(self.ground, GROUND_MODES, "ground")
        for term, width in self.robust.items():
            require_one_of(term, DATA_TERMS, "term in robust")
            _check(width == 0 or width >= 3, f"The width of {term} in robust is {width}; it must be 3 or more, or 0.")
        for stage, solver in self.solvers.items():
            require_one_of(stage, SOLVERS, "stage in solver")
            require_one_of(solver, SOLVERS[stage], f"solver of {stage}")

    def frozen_in(self, phase_key: str) -> frozenset[str]:
        """The variables that are held as a whole in a phase."""
        return frozenset(each.variable for each in self.freezes if each.is_whole and each.counts_in(phase_key))

    def partly_frozen_in(self, phase_key: str) -> frozenset[Freeze]:
        """What else is held in a phase: parts and frames of the motion."""
        return frozenset(each for each in self.freezes if not each.is_whole and each.counts_in(phase_key))

    def solver_of(self, stage: str) -> str:
        """The solver of a stage."""
        return self.solvers.get(stage, SOLVERS[stage][0])

    def with_weight(self, stage: str, term: str, weight: float) -> FitSettings:
        """The same settings with one weight changed."""
        weights = {name: dict(terms) for name, terms in self.weights.items()}
        weights.setdefault(stage, {})[term] = weight
        return replace(self, weights=weights)


def preset_folder() -> Path:
    """Where the shipped presets are."""
    return Path(str(resources.files("motionfit_resources") / "presets"))


def preset_names() -> list[str]:
    """Names of the shipped presets."""
    return sorted(path.stem for path in preset_folder().glob("*.toml"))


def preset_path(name_or_path: str) -> Path:
    """The file of a preset, given by its name or as a TOML file (which need not exist).

    Raises:
        SettingsError: There is no preset of that name; names the nearest.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = preset_folder() / f"{name_or_path}.toml"
        if not path.is_file():
            require_one_of(name_or_path, preset_names(), "preset")
    return path


def load_preset(name_or_path: str) -> FitSettings:
    """Read a preset by its name or from a TOML file.

    Raises:
        SettingsError: There is no such preset, or it holds an unknown key or a bad value; names the nearest key.
    """
    path = preset_path(name_or_path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"There is no preset file {path}.", f"Presets: {', '.join(preset_names())}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error
    return _from_toml(content, path)


_PLAIN_KEYS = ("method", "window", "overlap", "window_batch", "tolerance", "ground")
_TOML_KEYS = ("title", "weights", "iterations", "solver", "robust", "contacts", *_PLAIN_KEYS)


def _from_toml(content: dict[str, Any], path: Path) -> FitSettings:
    for key in content:
        require_one_of(key, _TOML_KEYS, f"key in {path.name}")
    given = {key: content[key] for key in _PLAIN_KEYS if key in content}
    try:
        weights = {
            str(stage): {str(term): float(value) for term, value in dict(terms).items()}
            for stage, terms in dict(content.get("weights", {})).items()
        }
        iterations = {str(key): int(value) for key, value in dict(content.get("iterations", {})).items()}
        solvers = {str(stage): str(solver) for stage, solver in dict(content.get("solver", {})).items()}
        given["contacts"] = tuple(ContactOverride.parse(str(text)) for text in list(content.get("contacts", [])))
        robust = {str(term): float(width) for term, width in dict(content.get("robust", {})).items()}
        return FitSettings(path.stem, weights, iterations, solvers=solvers, robust=robust, **given)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{path}: {error}.", "Weights and iterations are numbers in tables.") from error


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise SettingsError(message)
