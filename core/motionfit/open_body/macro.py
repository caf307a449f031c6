"""MakeHuman's macro blending: which targets make a body of given gender, age, origin, muscle, weight."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float
from numpy import ndarray

ORIGINS = ("african", "asian", "caucasian")


@dataclass(frozen=True)
class Person:
    """Macro parameters of one adult.

    Attributes:
        gender: 0 female to 1 male.
        age: 0.5 young adult to 1 old.
        origin: shares of `ORIGINS`, sum 1.
        muscle: 0 to 1, average 0.5.
        weight: 0 to 1, average 0.5.
        height: -1 shortest to 1 tallest.
        proportions: -1 uncommon to 1 ideal.
        local: amount of each local target, by name.
    """

    gender: float
    age: float
    origin: Float[ndarray, " origins"]
    muscle: float
    weight: float
    height: float
    proportions: float
    local: dict[str, float]


def hat(value: float, names: tuple[str, ...]) -> dict[str, float]:
    """Spreads a value of [0, 1] linearly on the two nearest of equally spaced names."""
    position = float(np.clip(value, 0.0, 1.0)) * (len(names) - 1)
    shares = np.maximum(0.0, 1.0 - np.abs(np.arange(len(names)) - position))
    return {name: float(share) for name, share in zip(names, shares, strict=True) if share > 0}


def _levels(value: float, what: str) -> dict[str, float]:
    return hat(value, (f"min{what}", f"average{what}", f"max{what}"))


def _signed(value: float, low: str, high: str) -> Iterator[tuple[str, float]]:
    if value != 0:
        yield (high if value > 0 else low), abs(value)


def macro_shares(person: Person) -> dict[str, float]:
    """Returns the share of each target (path below `targets`) that makes up the person."""
    shares: dict[str, float] = {}
    gender = hat(person.gender, ("female", "male"))
    age = hat(2 * person.age - 1, ("young", "old"))
    muscle = _levels(person.muscle, "muscle")
    weight = _levels(person.weight, "weight")
    origin = dict(zip(ORIGINS, person.origin.tolist(), strict=True))
    for (o, o_share), (g, g_share), (a, a_share) in product(origin.items(), gender.items(), age.items()):
        shares[f"macrodetails/{o}-{g}-{a}"] = o_share * g_share * a_share
    for (g, g_share), (a, a_share), (m, m_share), (w, w_share) in product(
        gender.items(), age.items(), muscle.items(), weight.items()
    ):
        share = g_share * a_share * m_share * w_share
        shares[f"macrodetails/universal-{g}-{a}-{m}-{w}"] = share
        for end, amount in _signed(person.height, "minheight", "maxheight"):
            shares[f"macrodetails/height/{g}-{a}-{m}-{w}-{end}"] = share * amount
        for end, amount in _signed(person.proportions, "uncommonproportions", "idealproportions"):
            shares[f"macrodetails/proportions/{g}-{a}-{m}-{w}-{end}"] = share * amount
    for name, amount in person.local.items():
        for end, size in _signed(amount, "decr", "incr"):
            for target in local_targets(name, end):
                shares[target] = size
    return shares


def local_targets(name: str, end: str) -> list[str]:
    """Returns the target files of one end of a local target; `*-` stands for both sides."""
    folder, stem = name.split("/")
    if stem.startswith("*-"):
        return [f"{folder}/{side}-{stem[2:]}-{end}" for side in "lr"]
    return [f"{folder}/{stem}-{end}"]
