"""Samples adults and makes their point stacks."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from motionfit.open_body.macro import Person, macro_shares
from motionfit.open_body.makehuman import BaseMesh, read_target

# name -> standard deviation of the amount (1 is the full target)
LOCAL_TARGETS: dict[str, float] = {
    "arms/*-lowerarm-fat": 0.3,
    "arms/*-lowerarm-scale-vert": 0.2,
    "arms/*-upperarm-fat": 0.3,
    "arms/*-upperarm-scale-vert": 0.2,
    "arms/*-upperarm-shoulder-muscle": 0.3,
    "buttocks/buttocks-volume": 0.4,
    "feet/*-foot-scale": 0.2,
    "hands/*-hand-scale": 0.2,
    "hands/*-hand-fingers-length": 0.2,
    "head/head-scale-depth": 0.2,
    "head/head-scale-horiz": 0.2,
    "head/head-scale-vert": 0.2,
    "hip/hip-scale-depth": 0.3,
    "hip/hip-scale-horiz": 0.3,
    "legs/*-lowerleg-fat": 0.3,
    "legs/*-lowerleg-scale-vert": 0.2,
    "legs/*-upperleg-fat": 0.3,
    "legs/*-upperleg-scale-vert": 0.2,
    "neck/neck-scale-horiz": 0.3,
    "neck/neck-scale-vert": 0.2,
    "stomach/stomach-tone": 0.4,
    "torso/torso-scale-depth": 0.3,
    "torso/torso-scale-horiz": 0.3,
    "torso/torso-scale-vert": 0.2,
    "torso/torso-vshape": 0.3,
}


def sample_people(count: int, rng: np.random.Generator) -> tuple[list[Person], Float[ndarray, " c"]]:
    """Samples adults and the stature (metres) each is to have; their height is still 0."""
    people = []
    for index in range(count):
        centre = 0.1 if index % 2 == 0 else 0.9
        people.append(
            Person(
                gender=float(np.clip(rng.normal(centre, 0.1), 0, 1)),
                age=float(np.clip(rng.normal(0.6, 0.1), 0.5, 0.9)),
                origin=rng.dirichlet(np.ones(3)),
                muscle=float(np.clip(rng.normal(0.5, 0.2), 0, 1)),
                weight=float(np.clip(rng.normal(0.58, 0.28), 0, 1)),
                height=0.0,
                proportions=float(np.clip(rng.normal(0.2, 0.35), -1, 1)),
                local={
                    name: float(np.clip(rng.normal(0.0, deviation), -1, 1)) for name, deviation in LOCAL_TARGETS.items()
                },
            )
        )
    gender = np.array([person.gender for person in people])
    statures = rng.normal(1.625 + 0.13 * gender, 0.068)
    return people, np.asarray(statures)


class TargetBlender:
    """Makes point stacks of people; keeps the targets it has read."""

    def __init__(self, base: BaseMesh) -> None:
        self._base = base
        self._targets: dict[str, Float[ndarray, "points 3"]] = {}
        vertices = base.points[: base.vertex_count, 1]
        self._ends = np.array([np.argmax(vertices), np.argmin(vertices)])

    def _target(self, name: str) -> Float[ndarray, "points 3"]:
        if name not in self._targets:
            self._targets[name] = read_target(self._base, name).astype(np.float32)
        return self._targets[name]

    def points(self, person: Person) -> Float[ndarray, "points 3"]:
        """Returns the person's vertices and cube centres (metres)."""
        points = self._base.points.copy()
        for name, share in macro_shares(person).items():
            points += share * self._target(name)
        return points

    def _stature(self, person: Person) -> float:
        top, bottom = self._base.points[self._ends, 1]
        for name, share in macro_shares(person).items():
            offset_top, offset_bottom = self._target(name)[self._ends, 1]
            top, bottom = top + share * offset_top, bottom + share * offset_bottom
        return float(top - bottom)

    def with_stature(self, person: Person, stature: float) -> Person:
        """Returns the person with the height parameter that gives the stature (metres).

        The stature is linear in the height parameter on either side of 0.
        """
        middle = self._stature(replace(person, height=0.0))
        end = 1.0 if stature > middle else -1.0
        reach = self._stature(replace(person, height=end)) - middle
        return replace(person, height=end * float(np.clip((stature - middle) / reach, 0.0, 1.0)))


def sample_population(base: BaseMesh, count: int, rng: np.random.Generator) -> Float[ndarray, "bodies points 3"]:
    """Returns the point stacks of sampled adults (float32, metres)."""
    blender = TargetBlender(base)
    people, statures = sample_people(count, rng)
    bodies = np.empty((count, *base.points.shape), dtype=np.float32)
    for index, (person, stature) in enumerate(zip(people, statures, strict=True)):
        bodies[index] = blender.points(blender.with_stature(person, float(stature)))
    return bodies
