"""The recurrence of a roll-out, and its adjoint, as one compiled call each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from motionfit.priors.rollout_native_compile import Numbers, compiled_once
from motionfit.priors.rollout_native_frame import (
    to_first_frame,
    to_first_frame_adjoint,
    to_own_frame,
    to_own_frame_adjoint,
)
from motionfit.priors.rollout_native_network import LATENT, STATE, Weights, decode, decode_adjoint
from motionfit.priors.rollout_native_step import CONTACTS, LOGITS, advance, advance_adjoint


class Trace(NamedTuple):
    """What the recurrence leaves behind, (steps, batch, …) each.

    Attributes:
        pasts: (339) what each step started from, in its local frame.
        nexts: (339) what it led to, in that same frame.
        worlds: (339) the same in the frame of the first state.
        raws: (216) what the decoder said.
        frames: (4) where the local frame lies.
        normed: (hidden units) outputs of the norms before gain and shift.
        scales: (16 per norm) one over the deviation of each group.
    """

    pasts: Numbers
    nexts: Numbers
    worlds: Numbers
    raws: Numbers
    frames: Numbers
    normed: Numbers
    scales: Numbers


@compiled_once
def run(weights: Weights, start: Numbers, latents: Numbers, pivot: Numbers, trace: Trace) -> None:
    """Fill the trace.

    Args:
        weights: Of the decoder.
        start: (batch, 339) the first state, in its local frame.
        latents: (steps, batch, 48), one step or more.
        pivot: (batch, 3) root joint minus translation.
        trace: Overwritten.
    """
    steps, batch = latents.shape[:2]
    features = np.empty((batch, STATE + LATENT), start.dtype)
    turn = np.empty((3, 3), start.dtype)
    for member in range(batch):
        for number in range(STATE):
            trace.pasts[0, member, number] = start[member, number]
        trace.frames[0, member, 0] = 1.0
        for number in range(1, 4):
            trace.frames[0, member, number] = 0.0
    for step in range(steps):
        for member in range(batch):
            for number in range(STATE):
                features[member, number] = trace.pasts[step, member, number]
            for number in range(LATENT):
                features[member, STATE + number] = latents[step, member, number]
        decode(weights, features, trace.raws[step], trace.normed[step], trace.scales[step])
        for member in range(batch):
            following, frame = trace.nexts[step, member], trace.frames[step, member]
            advance(trace.pasts[step, member], trace.raws[step, member], following, turn)
            to_first_frame(following, frame, pivot[member], trace.worlds[step, member])
            if step + 1 < steps:
                own = trace.frames[step + 1, member]
                to_own_frame(following, frame, pivot[member], trace.pasts[step + 1, member], own)


@compiled_once
def run_adjoint(
    weights: Weights, pivot: Numbers, trace: Trace, of_worlds: Numbers, of_pasts: Numbers, of_logits: Numbers,
    of_start: Numbers, of_latents: Numbers, of_pivot: Numbers,
) -> None:  # fmt: skip
    """From the adjoints of the trace to those of what it came from.

    Args:
        weights: As `run` had them.
        pivot: Likewise.
        trace: As `run` filled it.
        of_worlds: (steps, batch, 339).
        of_pasts: (steps, batch, 339).
        of_logits: (steps, batch, 9).
        of_start: (batch, 339), zeros; filled.
        of_latents: (steps, batch, 48); overwritten.
        of_pivot: (batch, 3), zeros; filled.
    """
    steps, batch = of_latents.shape[:2]
    features = np.empty((batch, STATE + LATENT), of_start.dtype)
    of_raw = np.empty((batch, trace.raws.shape[2]), of_start.dtype)
    of_frame, of_own = np.zeros((batch, 4), of_start.dtype), np.empty(4, of_start.dtype)
    of_next = np.empty(STATE, of_start.dtype)
    turn = np.empty((3, 3), of_start.dtype)
    for step in range(steps - 1, -1, -1):
        for member in range(batch):
            following, frame = trace.nexts[step, member], trace.frames[step, member]
            for number in range(STATE):
                of_next[number] = 0.0
            for number in range(4):
                of_own[number], of_frame[member, number] = of_frame[member, number], 0.0
            if step + 1 < steps:
                to_own_frame_adjoint(
                    following, frame, pivot[member], of_start[member], of_own,
                    of_next, of_frame[member], of_pivot[member],
                )  # fmt: skip
            to_first_frame_adjoint(
                following, frame, pivot[member], of_worlds[step, member], of_next, of_frame[member], of_pivot[member]
            )
            past, raw = trace.pasts[step, member], trace.raws[step, member]
            advance_adjoint(past, raw, of_next, of_raw[member], of_start[member], turn)
            for number in range(CONTACTS):
                of_raw[member, LOGITS + number] = of_logits[step, member, number]
            for number in range(STATE):
                features[member, number] = of_start[member, number] + of_pasts[step, member, number]
            for number in range(LATENT):
                features[member, STATE + number] = 0.0
        decode_adjoint(weights, of_raw, trace.normed[step], trace.scales[step], features)
        for member in range(batch):
            for number in range(STATE):
                of_start[member, number] = features[member, number]
            for number in range(LATENT):
                of_latents[step, member, number] = features[member, STATE + number]
