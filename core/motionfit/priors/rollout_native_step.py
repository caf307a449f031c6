"""What a step makes of the decoder's words, and its adjoint, as compiled loops on a state vector of 339 numbers."""

from __future__ import annotations

import math

import numpy as np

from motionfit.priors.rollout_native_compile import Numbers, compiled

VECTORS, POINTS = 47, 25
"""The vectors of a state, and those up to the last joint: the translation and the joints among them are points."""

LOGITS, CONTACTS = 207, 9
"""Where the contact logits begin in what the decoder says, and how many they are."""

_ROTATIONS = 22
_SMALL_SQUARED_ANGLE = 1e-8


@compiled
def vector_at(vector: int) -> int:
    """Where a vector begins in a state: translation, linear, angular velocity, joints, joint velocities."""
    if vector < 2:
        return 3 * vector
    return 15 if vector == 2 else 207 + 3 * (vector - 3)


@compiled
def _rotation_at(rotation: int) -> int:
    """Where a rotation begins in a state: the root's, those of the body joints."""
    return 6 if rotation == 0 else 18 + 9 * (rotation - 1)


@compiled
def _change_at(vector: int) -> int:
    """Where the change of a vector begins in what the decoder says."""
    if vector < 2:
        return 3 * vector
    return 9 if vector == 2 else 75 + 3 * (vector - 3)


@compiled
def _turn_at(rotation: int) -> int:
    """Where the turn of a rotation begins in what the decoder says."""
    return 6 if rotation == 0 else 12 + 3 * (rotation - 1)


@compiled
def _turn_of(change: Numbers, turn: Numbers) -> None:
    """Rodrigues' formula, I + s·K + c·K²."""
    x, y, z = np.float64(change[0]), np.float64(change[1]), np.float64(change[2])
    squared = x * x + y * y + z * z
    sine, cosine, _, _ = _rodrigues(squared)
    turn[0, 0] = 1.0 + cosine * (x * x - squared)
    turn[1, 1] = 1.0 + cosine * (y * y - squared)
    turn[2, 2] = 1.0 + cosine * (z * z - squared)
    turn[0, 1], turn[1, 0] = cosine * x * y - sine * z, cosine * x * y + sine * z
    turn[0, 2], turn[2, 0] = cosine * x * z + sine * y, cosine * x * z - sine * y
    turn[1, 2], turn[2, 1] = cosine * y * z - sine * x, cosine * y * z + sine * x


@compiled
def _rodrigues(squared: float) -> tuple[float, float, float, float]:
    """Factors s and c of the formula and their derivatives by the squared angle."""
    if squared < _SMALL_SQUARED_ANGLE:
        return 1.0 - squared / 6.0, 0.5 - squared / 24.0, -1.0 / 6.0, -1.0 / 24.0
    angle = math.sqrt(squared)
    sine, half = math.sin(angle) / angle, math.sin(0.5 * angle)
    cosine = 2.0 * half * half / squared
    return sine, cosine, 0.5 * (math.cos(angle) - sine) / squared, (0.5 * sine - cosine) / squared


@compiled
def _turn_adjoint(change: Numbers, turn: Numbers, adjoint: Numbers) -> None:
    """From the adjoint of a turn to that of the rotation vector."""
    x, y, z = np.float64(change[0]), np.float64(change[1]), np.float64(change[2])
    squared = x * x + y * y + z * z
    sine, cosine, sine_slope, cosine_slope = _rodrigues(squared)
    a, b, c = turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]
    sxx, syy, szz = 2.0 * turn[0, 0], 2.0 * turn[1, 1], 2.0 * turn[2, 2]
    sxy, sxz, syz = turn[0, 1] + turn[1, 0], turn[0, 2] + turn[2, 0], turn[1, 2] + turn[2, 1]
    trace = turn[0, 0] + turn[1, 1] + turn[2, 2]
    u, v, w = sxx * x + sxy * y + sxz * z, sxy * x + syy * y + syz * z, sxz * x + syz * y + szz * z
    of_cosine = 0.5 * (u * x + v * y + w * z) - squared * trace
    of_squared = sine_slope * (a * x + b * y + c * z) + cosine_slope * of_cosine - cosine * trace
    adjoint[0] = sine * a + cosine * u + 2.0 * of_squared * x
    adjoint[1] = sine * b + cosine * v + 2.0 * of_squared * y
    adjoint[2] = sine * c + cosine * w + 2.0 * of_squared * z


@compiled
def advance(past: Numbers, raw: Numbers, following: Numbers, turn: Numbers) -> None:
    """Add the changes of the vectors, turn the rotations from the left."""
    for vector in range(VECTORS):
        at, change = vector_at(vector), _change_at(vector)
        for i in range(3):
            following[at + i] = past[at + i] + raw[change + i]
    for rotation in range(_ROTATIONS):
        at = _rotation_at(rotation)
        _turn_of(raw[_turn_at(rotation) : _turn_at(rotation) + 3], turn)
        for i in range(3):
            for j in range(3):
                a, b, c = past[at + j], past[at + 3 + j], past[at + 6 + j]
                following[at + 3 * i + j] = turn[i, 0] * a + turn[i, 1] * b + turn[i, 2] * c


@compiled
def advance_adjoint(
    past: Numbers, raw: Numbers, of_next: Numbers, of_raw: Numbers, of_past: Numbers, turn: Numbers
) -> None:
    """From the adjoint of the next state to those of the past and of what the decoder said."""
    for vector in range(VECTORS):
        at, change = vector_at(vector), _change_at(vector)
        for i in range(3):
            of_past[at + i] = of_raw[change + i] = of_next[at + i]
    for rotation in range(_ROTATIONS):
        at, change = _rotation_at(rotation), _turn_at(rotation)
        _turn_of(raw[change : change + 3], turn)
        for i in range(3):
            for j in range(3):
                a, b, c = of_next[at + j], of_next[at + 3 + j], of_next[at + 6 + j]
                of_past[at + 3 * i + j] = turn[0, i] * a + turn[1, i] * b + turn[2, i] * c
        for i in range(3):
            for k in range(3):
                total = of_next[at + 3 * i] * past[at + 3 * k]
                total += of_next[at + 3 * i + 1] * past[at + 3 * k + 1]
                turn[i, k] = total + of_next[at + 3 * i + 2] * past[at + 3 * k + 2]
        _turn_adjoint(raw[change : change + 3], turn, of_raw[change : change + 3])
