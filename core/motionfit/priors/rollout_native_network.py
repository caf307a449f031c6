"""The decoder and its adjoint as compiled loops; gradients reach its features, never its weights."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from motionfit.priors.rollout_native_compile import Numbers, compiled

STATE, LATENT = 339, 48
"""The numbers of a state and of a latent."""

GROUPS = 16
"""Of every norm."""

_NORM_EPSILON = 1e-5


class Weights(NamedTuple):
    """The decoder's layers one after the other.

    Attributes:
        widths: Of the state, the hidden layers and the output; the latent is appended to all inputs.
        matrices: Of the linear layers, (outputs, inputs) each.
        transposed: (inputs, outputs) each.
        biases: Of the linear layers.
        gains: Of the norms.
        shifts: Of the norms.
    """

    widths: NDArray[np.int64]
    matrices: Numbers
    transposed: Numbers
    biases: Numbers
    gains: Numbers
    shifts: Numbers


@compiled
def _multiply(matrices: Numbers, at: int, rows: int, inputs: Numbers, columns: int, outputs: Numbers) -> None:
    """Outputs = inputs · matrixᵀ: four rows of the matrix at once, for four of the batch as long as there are.

    The matrix (rows, columns) begins at `at`. Plain loops throughout: array expressions take seconds to compile.
    """
    batch = inputs.shape[0]
    in_fours = batch - batch % 4
    for row in range(0, rows - rows % 4, 4):
        tile = matrices[at + row * columns : at + (row + 4) * columns]
        for member in range(0, in_fours, 4):
            _multiply_four_by_four(tile, columns, inputs, outputs, member, row)
        for member in range(in_fours, batch):
            _multiply_four(tile, columns, inputs[member], outputs[member], row)
    for row in range(rows - rows % 4, rows):
        own = matrices[at + row * columns : at + (row + 1) * columns]
        for member in range(batch):
            total = matrices.dtype.type(0)
            for column in range(columns):
                total += own[column] * inputs[member, column]
            outputs[member, row] = total


@compiled
def _multiply_four(tile: Numbers, columns: int, inputs: Numbers, outputs: Numbers, row: int) -> None:
    first, second = tile[:columns], tile[columns : 2 * columns]
    third, fourth = tile[2 * columns : 3 * columns], tile[3 * columns :]
    a = b = c = d = tile.dtype.type(0)
    for column in range(columns):
        x = inputs[column]
        a += first[column] * x
        b += second[column] * x
        c += third[column] * x
        d += fourth[column] * x
    outputs[row], outputs[row + 1], outputs[row + 2], outputs[row + 3] = a, b, c, d


@compiled
def _multiply_four_by_four(
    tile: Numbers, columns: int, inputs: Numbers, outputs: Numbers, member: int, row: int
) -> None:
    """Sixteen sums at once, each in a register of its own."""
    first, second = tile[:columns], tile[columns : 2 * columns]
    third, fourth = tile[2 * columns : 3 * columns], tile[3 * columns :]
    i0, i1, i2, i3 = inputs[member], inputs[member + 1], inputs[member + 2], inputs[member + 3]
    a0 = b0 = c0 = d0 = a1 = b1 = c1 = d1 = tile.dtype.type(0)
    a2 = b2 = c2 = d2 = a3 = b3 = c3 = d3 = tile.dtype.type(0)
    for column in range(columns):
        a, b, c, d = first[column], second[column], third[column], fourth[column]
        x0, x1, x2, x3 = i0[column], i1[column], i2[column], i3[column]
        a0, b0, c0, d0 = a0 + a * x0, b0 + b * x0, c0 + c * x0, d0 + d * x0
        a1, b1, c1, d1 = a1 + a * x1, b1 + b * x1, c1 + c * x1, d1 + d * x1
        a2, b2, c2, d2 = a2 + a * x2, b2 + b * x2, c2 + c * x2, d2 + d * x2
        a3, b3, c3, d3 = a3 + a * x3, b3 + b * x3, c3 + c * x3, d3 + d * x3
    o0, o1, o2, o3 = outputs[member], outputs[member + 1], outputs[member + 2], outputs[member + 3]
    o0[row], o0[row + 1], o0[row + 2], o0[row + 3] = a0, b0, c0, d0
    o1[row], o1[row + 1], o1[row + 2], o1[row + 3] = a1, b1, c1, d1
    o2[row], o2[row + 1], o2[row + 2], o2[row + 3] = a2, b2, c2, d2
    o3[row], o3[row + 1], o3[row + 2], o3[row + 3] = a3, b3, c3, d3


@compiled
def _norm(features: Numbers, normed: Numbers, scales: Numbers) -> None:
    """Group norm without gain and shift; keeps one over the deviations."""
    size = normed.shape[0] // GROUPS
    for group in range(GROUPS):
        first, behind = group * size, (group + 1) * size
        total = squares = 0.0
        for i in range(first, behind):
            total += features[i]
        mean = total / size
        for i in range(first, behind):
            squares += (features[i] - mean) ** 2
        scale = 1.0 / math.sqrt(squares / size + _NORM_EPSILON)
        for i in range(first, behind):
            normed[i] = (features[i] - mean) * scale
        scales[group] = scale


@compiled
def _norm_adjoint(normed: Numbers, scales: Numbers, adjoint: Numbers) -> None:
    """From the adjoint of the norm's output to that of its input, in place."""
    size = normed.shape[0] // GROUPS
    for group in range(GROUPS):
        first, behind = group * size, (group + 1) * size
        total = along = 0.0
        for i in range(first, behind):
            total += adjoint[i]
            along += adjoint[i] * normed[i]
        mean, along = total / size, along / size
        for i in range(first, behind):
            adjoint[i] = (adjoint[i] - mean - normed[i] * along) * scales[group]


@compiled
def decode(weights: Weights, features: Numbers, raw: Numbers, normed: Numbers, scales: Numbers) -> None:
    """The decoder on (batch, 387) features; fills `raw`, and `normed` and `scales` for the way back."""
    batch = features.shape[0]
    last = weights.widths.shape[0] - 2
    inputs, columns = features, STATE + LATENT
    at_matrix = at_unit = 0
    for layer in range(last + 1):
        rows = weights.widths[layer + 1]
        outputs = raw if layer == last else np.empty((batch, rows + LATENT), raw.dtype)
        _multiply(weights.matrices, at_matrix, rows, inputs, columns, outputs)
        for member in range(batch):
            for unit in range(rows):
                outputs[member, unit] += weights.biases[at_unit + unit]
            if layer < last:
                own = normed[member, at_unit : at_unit + rows]
                _norm(outputs[member], own, scales[member, layer * GROUPS : (layer + 1) * GROUPS])
                for unit in range(rows):
                    value = own[unit] * weights.gains[at_unit + unit] + weights.shifts[at_unit + unit]
                    outputs[member, unit] = 0.0 if value <= 0.0 else value  # NaN stays
                for number in range(LATENT):
                    outputs[member, rows + number] = features[member, STATE + number]
        inputs = outputs
        at_matrix += rows * columns
        columns = rows + LATENT
        at_unit += rows


@compiled
def decode_adjoint(weights: Weights, of_raw: Numbers, normed: Numbers, scales: Numbers, of_features: Numbers) -> None:
    """From the adjoint of what the decoder said add what reaches its features."""
    batch = of_features.shape[0]
    at_matrix, at_unit = weights.transposed.shape[0], normed.shape[1]
    of_outputs = of_raw
    for layer in range(weights.widths.shape[0] - 2, -1, -1):
        rows, hidden = weights.widths[layer + 1], weights.widths[layer]
        at_matrix -= rows * (hidden + LATENT)
        of_inputs = np.empty((batch, hidden + LATENT), of_raw.dtype)
        _multiply(weights.transposed, at_matrix, hidden + LATENT, of_outputs, rows, of_inputs)
        for member in range(batch):
            for number in range(LATENT):
                of_features[member, STATE + number] += of_inputs[member, hidden + number]
            if layer > 0:
                own = normed[member, at_unit - hidden : at_unit]
                for unit in range(hidden):
                    gain = weights.gains[at_unit - hidden + unit]
                    is_on = own[unit] * gain + weights.shifts[at_unit - hidden + unit] > 0.0
                    of_inputs[member, unit] *= gain if is_on else 0.0
                _norm_adjoint(own, scales[member, (layer - 1) * GROUPS : layer * GROUPS], of_inputs[member])
            else:
                for number in range(STATE):
                    of_features[member, number] += of_inputs[member, number]
        of_outputs = of_inputs
        at_unit -= hidden
