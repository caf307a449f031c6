"""How long and how fast a prior is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from motionfit.errors import SettingsError, require_one_of

SCHEDULES = ("cosine", "steps", "plateau")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class LoopSettings:
    """How long and how fast.

    Attributes:
        epochs: In all.
        learning_rate: Of Adam, at the start.
        schedule: How it changes: "cosine" (to `final_learning_rate` over all epochs), "steps" or "plateau".
        final_learning_rate: At the end of a cosine.
        step_epochs: From each of these epochs on, the rate is multiplied …
        step_factors: … by its factor.
        plateau_epochs: The rate falls to a tenth after more epochs than these without a better score.
        weight_decay: Of Adam.
        largest_gradient: Longer gradients are shortened to this norm.
        patience: Stop after so many epochs without a better score; 0 is never.
        sample_epochs: Draw samples each so many epochs; 0 is never.
        precision: Of the networks: "float32", or "bfloat16" on a GPU; losses and rotations are always single precision.
    """

    epochs: int = 80
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    final_learning_rate: float = 1e-5
    step_epochs: tuple[int, ...] = ()
    step_factors: tuple[float, ...] = ()
    plateau_epochs: int = 5
    weight_decay: float = 0.0
    largest_gradient: float = 1.0
    patience: int = 0
    sample_epochs: int = 10
    precision: str = "float32"

    def __post_init__(self) -> None:
        at_least(self, 1, ("epochs",))
        at_least(self, 0, ("final_learning_rate", "plateau_epochs", "weight_decay", "patience", "sample_epochs"))
        above_zero(self, ("learning_rate", "largest_gradient"))
        require_one_of(self.schedule, SCHEDULES, "schedule")
        require_one_of(self.precision, PRECISIONS, "precision")
        if len(self.step_epochs) != len(self.step_factors):
            raise SettingsError(
                f"There are {len(self.step_epochs)} step_epochs and {len(self.step_factors)} step_factors.",
                "Give each step its factor.",
            )
        if self.schedule == "steps" and not self.step_epochs:
            raise SettingsError("The schedule is steps, but there are no step_epochs.", "Give them, or take cosine.")


def at_least(settings: object, least: int, names: Sequence[str]) -> None:
    """Refuse numbers that are too small (or none).

    Raises:
        SettingsError: Names the first one.
    """
    for name in names:
        value = getattr(settings, name)
        if not value >= least:
            raise SettingsError(f"{name} is {value}; it must be {least} or more.")


def at_most(settings: object, most: int, names: Sequence[str]) -> None:
    """Refuse numbers that are too large.

    Raises:
        SettingsError: Names the first one.
    """
    for name in names:
        value = getattr(settings, name)
        if not value <= most:
            raise SettingsError(f"{name} is {value}; it must be {most} or less.")


def above_zero(settings: object, names: Sequence[str]) -> None:
    """Refuse numbers that are not above zero.

    Raises:
        SettingsError: Names the first one.
    """
    for name in names:
        value = getattr(settings, name)
        if not value > 0:
            raise SettingsError(f"{name} is {value}; it must be above 0.")
