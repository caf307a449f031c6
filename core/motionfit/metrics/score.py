"""How much to trust each frame of a fit, 0 to 100, and why not more: a pure function of the diagnostics.

Every rule reads one diagnostic. Up to what is tolerated it says nothing; beyond, its suspicion grows by its weight per
distance between what is usual and what is tolerated. Both come from fits of clips without mistakes (`tolerances.json`,
made by `python -m motionfit.bench.tolerances`): the median of all frames, and what 99.5 of 100 frames stay below. Data
errors are measured against the clip's own median, since nobody knows beforehand how good the data is; but a median
beyond 12 cm excuses nothing. Suspicions add up like the sides of a right angle; a frame with suspicion s has the score
100 / (1 + s).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.parts import BODY_PARTS
from motionfit.metrics.diagnostics import part_error

Diagnostics = Mapping[str, Float[Tensor, " frames"]]

_DATA_ERROR = "data_error_cm"
_TYPICAL_ERRORS_CM = (1.5, 12.0)
_NEIGHBOURS = 2
_EXPLAINED_FRAMES = 3
_EXPLAINED = 0.5


@dataclass(frozen=True)
class Rule:
    """What a diagnostic says against a frame.

    Attributes:
        diagnostic: Its name.
        words: The reason, with {value} where the number goes.
        weight: Suspicion per distance between usual and tolerated.
        is_relative: Measured in the clip's median data error.
        explains: Mistakes of the data that are seen in the data itself: they account for a poor fit next to them.
        fixed: Usual and tolerated, where these are a matter of meaning and not of experience.
    """

    diagnostic: str
    words: str
    weight: float = 0.3
    is_relative: bool = False
    explains: bool = False
    fixed: tuple[float, float] | None = None


RULES: tuple[Rule, ...] = (
    Rule(_DATA_ERROR, "{value:.0f} cm from the data", 1.0, is_relative=True),
    *(
        Rule(part_error(part), part.replace("_", " ") + ": {value:.0f} cm from the data", 1.0, is_relative=True)
        for part in BODY_PARTS
    ),
    Rule("excursion_cm", "the data leaps away and back by {value:.0f} cm", 1.0, is_relative=True, explains=True),
    Rule("repeated_share", "{value:.0%} of the data repeats the frame before", 8.0, explains=True, fixed=(0.0, 0.5)),
    Rule("observed_share", "{value:.0%} of the points were observed", 1.0, fixed=(0.3, 0.15)),
    Rule("prior_trust", "the prior does not know this motion, and the data outweighs it", 0.05, fixed=(1.0, 0.9)),
    Rule("prior_nll_z", "motion that the prior does not know ({value:.1f} deviations)"),
    Rule("stage_distance_cm", "stages II and III are {value:.0f} cm apart", is_relative=True),
    Rule("skating_cm", "feet slide {value:.1f} cm per frame"),
    Rule("penetration_cm", "{value:.0f} cm under the floor"),
    Rule("floating_cm", "{value:.0f} cm over the floor without falling"),
    Rule("acceleration", "acceleration {value:.0f} m/s²"),
    Rule("jitter", "jitter {value:.0f} m/s³", 0.15),
)
"""All that counts, in the order in which equal reasons are named."""


@dataclass(frozen=True)
class Reason:
    """Why a frame is suspicious.

    Attributes:
        diagnostic: That tells it.
        suspicion: How much it adds.
        words: For people, with the number.
    """

    diagnostic: str
    suspicion: float
    words: str


@dataclass(frozen=True)
class Scores:
    """Trust in the frames of a fit.

    Attributes:
        score: 0 to 100; 100 = nothing speaks against the frame.
        suspicions: What each rule adds, by the diagnostic's name.
        diagnostics: That they were computed from.
    """

    score: Float[Tensor, " frames"]
    suspicions: Mapping[str, Float[Tensor, " frames"]]
    diagnostics: Diagnostics

    def reasons(self, frame: int) -> tuple[Reason, ...]:
        """What speaks against a frame, the strongest first."""
        found = []
        for rule in RULES:
            suspicion = self.suspicions.get(rule.diagnostic)
            if suspicion is not None and float(suspicion[frame]) > 0.0:
                words = rule.words.format(value=float(self.diagnostics[rule.diagnostic][frame]))
                found.append(Reason(rule.diagnostic, float(suspicion[frame]), words))
        return tuple(sorted(found, key=lambda reason: -reason.suspicion))


def score_frames(diagnostics: Diagnostics) -> Scores:
    """Score every frame.

    Args:
        diagnostics: Of a fit; those that are absent or NaN say nothing.

    Raises:
        ValueError: There is no diagnostic at all.
    """
    if not diagnostics:
        raise ValueError("without diagnostics there is nothing to score")
    suspicions = {
        rule.diagnostic: _suspicion(rule, quantity(rule, diagnostics))
        for rule in RULES
        if rule.diagnostic in diagnostics
    }
    frames = len(next(iter(diagnostics.values())))
    shown = torch.zeros(frames)
    fitted = torch.zeros(frames)
    for rule in RULES:
        if rule.diagnostic in suspicions:
            squared = suspicions[rule.diagnostic].square()
            shown, fitted = (shown + squared, fitted) if rule.explains else (shown, fitted + squared)
    total = (shown + _unexplained(fitted.sqrt(), shown.sqrt()).square()).sqrt()
    return Scores(100.0 / (1.0 + _without_holes(total)), suspicions, diagnostics)


def quantity(rule: Rule, diagnostics: Diagnostics) -> Float[Tensor, " frames"]:
    """What a rule judges: its diagnostic, or how many of the clip's median data errors that is."""
    values = diagnostics[rule.diagnostic].float()
    if not rule.is_relative:
        return values
    error = diagnostics.get(_DATA_ERROR, values.new_full((1,), torch.nan)).float()
    least, most = _TYPICAL_ERRORS_CM
    return values / error.nanmedian().nan_to_num(least).clamp(least, most)


def _suspicion(rule: Rule, values: Float[Tensor, " frames"]) -> Float[Tensor, " frames"]:
    limits = rule.fixed or tolerances().get(rule.diagnostic)
    if limits is None:
        return torch.zeros_like(values)
    usual, tolerated = limits
    beyond = (values - tolerated) / (tolerated - usual)
    return rule.weight * beyond.nan_to_num(0.0).clamp(min=0.0)


def _unexplained(fitted: Float[Tensor, " frames"], shown: Float[Tensor, " frames"]) -> Float[Tensor, " frames"]:
    """Suspicions from the fit, drawn in next to mistakes of the data: a fit gives way to them on both sides."""
    width = 2 * _EXPLAINED_FRAMES + 1
    around = torch.nn.functional.max_pool1d(shown[None, None], width, 1, _EXPLAINED_FRAMES)[0, 0]
    is_beside = (shown < _EXPLAINED) & (around > 1.0)
    return torch.where(is_beside, fitted.clamp(max=_EXPLAINED), fitted)


def _without_holes(suspicion: Float[Tensor, " frames"]) -> Float[Tensor, " frames"]:
    """One or two frames between suspicious ones are as suspicious as the better of these."""
    frames = len(suspicion)
    around = torch.nn.functional.pad(suspicion, (_NEIGHBOURS, _NEIGHBOURS)).unfold(0, 2 * _NEIGHBOURS + 1, 1)[:frames]
    before, after = around[:, :_NEIGHBOURS].amax(1), around[:, _NEIGHBOURS + 1 :].amax(1)
    return torch.maximum(suspicion, torch.minimum(before, after))


@cache
def tolerances() -> Mapping[str, tuple[float, float]]:
    """Usual and tolerated value of each rule's quantity on fits of clips without mistakes."""
    file = resources.files("motionfit_resources") / "score" / "tolerances.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    return {name: (float(row["usual"]), float(row["tolerated"])) for name, row in content["tolerances"].items()}
