"""Changes of frame of a state of 339 numbers and their adjoints, as compiled loops.

A frame is (cosine, sine, x, y): the rotation [[c, s], [−s, c]] about z, and the ground point, in the frame of the
first state.
"""

from __future__ import annotations

import math

import numpy as np

from motionfit.priors.rollout_native_compile import Numbers, compiled
from motionfit.priors.rollout_native_step import POINTS, VECTORS, vector_at

_VERTICAL = 1e-12


@compiled
def to_first_frame(state: Numbers, frame: Numbers, pivot: Numbers, moved: Numbers) -> None:
    """Bring a state from `frame` into the frame of the first state."""
    cosine, sine = np.float64(frame[0]), np.float64(frame[1])
    _move(state, pivot, cosine, -sine, 0.0, 0.0, np.float64(frame[2]), np.float64(frame[3]), moved)


@compiled
def to_first_frame_adjoint(
    state: Numbers, frame: Numbers, pivot: Numbers, of_moved: Numbers,
    of_state: Numbers, of_frame: Numbers, of_pivot: Numbers,
) -> None:  # fmt: skip
    """Add what reaches the state, the frame and the pivot."""
    cosine, sine = np.float64(frame[0]), np.float64(frame[1])
    of_cosine, of_sine, _, _, of_x, of_y = _move_adjoint(
        state, pivot, cosine, -sine, 0.0, 0.0, of_moved, of_state, of_pivot
    )
    of_frame[0] += of_cosine
    of_frame[1] -= of_sine
    of_frame[2] += of_x
    of_frame[3] += of_y


@compiled
def to_own_frame(state: Numbers, frame: Numbers, pivot: Numbers, local: Numbers, own: Numbers) -> None:
    """Bring a state from `frame` into its own local frame, and say where that lies."""
    cosine, sine, _ = _heading(state)
    x, y = np.float64(state[0]), np.float64(state[1])
    _move(state, pivot, cosine, sine, x, y, 0.0, 0.0, local)
    own[0] = cosine * frame[0] - sine * frame[1]
    own[1] = cosine * frame[1] + sine * frame[0]
    own[2] = frame[2] + x * frame[0] - y * frame[1]
    own[3] = frame[3] + x * frame[1] + y * frame[0]


@compiled
def to_own_frame_adjoint(
    state: Numbers, frame: Numbers, pivot: Numbers, of_local: Numbers, of_own: Numbers,
    of_state: Numbers, of_frame: Numbers, of_pivot: Numbers,
) -> None:  # fmt: skip
    """Add what reaches the state, the frame and the pivot."""
    cosine, sine, inverse = _heading(state)
    x, y = np.float64(state[0]), np.float64(state[1])
    of_cosine, of_sine, of_x, of_y, _, _ = _move_adjoint(state, pivot, cosine, sine, x, y, of_local, of_state, of_pivot)
    of_cosine += of_own[0] * frame[0] + of_own[1] * frame[1]
    of_sine += of_own[1] * frame[0] - of_own[0] * frame[1]
    of_frame[0] += of_own[0] * cosine + of_own[1] * sine + of_own[2] * x + of_own[3] * y
    of_frame[1] += of_own[1] * cosine - of_own[0] * sine - of_own[2] * y + of_own[3] * x
    of_frame[2] += of_own[2]
    of_frame[3] += of_own[3]
    of_state[0] += of_x + of_own[2] * frame[0] + of_own[3] * frame[1]
    of_state[1] += of_y + of_own[3] * frame[0] - of_own[2] * frame[1]
    along = of_cosine * cosine + of_sine * sine
    of_state[6] -= (of_cosine - cosine * along) * inverse
    of_state[9] -= (of_sine - sine * along) * inverse


@compiled
def _heading(state: Numbers) -> tuple[float, float, float]:
    """Direction of the body's right on the ground and one over its length; without direction the latter is zero."""
    x, y = -np.float64(state[6]), -np.float64(state[9])
    squared = x * x + y * y
    if squared < _VERTICAL:
        return 1.0, 0.0, 0.0
    inverse = 1.0 / math.sqrt(squared)
    return x * inverse, y * inverse, inverse


@compiled
def _move(
    state: Numbers, pivot: Numbers, cosine: float, sine: float, start_x: float, start_y: float,
    end_x: float, end_y: float, moved: Numbers,
) -> None:  # fmt: skip
    """Turn all vectors and the root about z; points from `start` to `end`, joints also about the pivot."""
    for number in range(18, 207):
        moved[number] = state[number]
    for vector in range(VECTORS):
        at = vector_at(vector)
        u, v = state[at], state[at + 1]
        if 3 <= vector < POINTS:
            u, v = u - start_x - pivot[0], v - start_y - pivot[1]
            moved[at] = cosine * u + sine * v + pivot[0] + end_x
            moved[at + 1] = cosine * v - sine * u + pivot[1] + end_y
        elif vector == 0:
            u, v = u - start_x, v - start_y
            moved[at] = cosine * u + sine * v + end_x
            moved[at + 1] = cosine * v - sine * u + end_y
        else:
            moved[at] = cosine * u + sine * v
            moved[at + 1] = cosine * v - sine * u
        moved[at + 2] = state[at + 2]
    for column in range(6, 9):
        u, v = state[column], state[column + 3]
        moved[column] = cosine * u + sine * v
        moved[column + 3] = cosine * v - sine * u
        moved[column + 6] = state[column + 6]


@compiled
def _move_adjoint(
    state: Numbers, pivot: Numbers, cosine: float, sine: float, start_x: float, start_y: float,
    of_moved: Numbers, of_state: Numbers, of_pivot: Numbers,
) -> tuple[float, float, float, float, float, float]:  # fmt: skip
    """Add what reaches the state and the pivot; returns what reaches the turn, the start and the end."""
    of_cosine = of_sine = of_start_x = of_start_y = of_end_x = of_end_y = 0.0
    for number in range(18, 207):
        of_state[number] += of_moved[number]
    for vector in range(VECTORS):
        at = vector_at(vector)
        a, b, u, v = of_moved[at], of_moved[at + 1], state[at], state[at + 1]
        of_u, of_v = cosine * a - sine * b, sine * a + cosine * b
        if vector == 0 or 3 <= vector < POINTS:
            u, v = u - start_x, v - start_y
            of_start_x, of_start_y = of_start_x - of_u, of_start_y - of_v
            of_end_x, of_end_y = of_end_x + a, of_end_y + b
        if 3 <= vector < POINTS:
            u, v = u - pivot[0], v - pivot[1]
            of_pivot[0] += a - of_u
            of_pivot[1] += b - of_v
        of_cosine += a * u + b * v
        of_sine += a * v - b * u
        of_state[at] += of_u
        of_state[at + 1] += of_v
        of_state[at + 2] += of_moved[at + 2]
    for column in range(6, 9):
        a, b = of_moved[column], of_moved[column + 3]
        of_cosine += a * state[column] + b * state[column + 3]
        of_sine += a * state[column + 3] - b * state[column]
        of_state[column] += cosine * a - sine * b
        of_state[column + 3] += sine * a + cosine * b
        of_state[column + 6] += of_moved[column + 6]
    return of_cosine, of_sine, of_start_x, of_start_y, of_end_x, of_end_y
