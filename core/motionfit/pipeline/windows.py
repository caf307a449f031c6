"""Cut a clip into overlapping windows, and blend what was found in them back into one clip.

N frames, window L, least overlap O: n = ceil((N−O)/(L−O)) windows, all of length L; spare frames enlarge the
overlaps, the first ones most (HuMoR's rule for videos). A clip shorter than L is one window.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.geometry.rotations import interpolate_rotations

Windows = tuple[tuple[int, int], ...]


def split_windows(frames: int, length: int, overlap: int) -> Windows:
    """Start and stop frame of each window."""
    if frames <= length:
        return ((0, frames),)
    count = math.ceil((frames - overlap) / (length - overlap))
    spare = count * length - overlap * (count - 1) - frames
    each, rest = divmod(spare, count - 1)
    windows, start = [], 0
    for window in range(count):
        windows.append((start, start + length))
        start += length - overlap - each - (1 if window < rest else 0)
    return tuple(windows)


def cut(clip: Tensor, windows: Windows) -> Tensor:
    """(clips, frames, …) to (clips·windows, length, …), the windows of a clip next to each other."""
    parts = torch.stack([clip[:, start:stop] for start, stop in windows], 1)
    return parts.flatten(0, 1)


def equal_shares(windows: Windows) -> Float[Tensor, "windows length"]:
    """One over the number of windows that hold a frame: so counted, every frame of the clip counts once."""
    holders = torch.zeros(windows[-1][1])
    for start, stop in windows:
        holders[start:stop] += 1.0
    return torch.stack([1.0 / holders[start:stop] for start, stop in windows])


def blend_weights(windows: Windows, frames: int) -> Float[Tensor, "windows frames"]:
    """How much each window counts at each frame: linear ramps over the overlaps; columns sum to one."""
    weights = torch.zeros(len(windows), frames)
    for window, (start, stop) in enumerate(windows):
        weights[window, start:stop] = 1.0
    for window, ((_, stop), (start, _)) in enumerate(pairwise(windows)):
        ramp = (torch.arange(stop - start) + 1.0) / (stop - start + 1.0)
        weights[window, start:stop] *= 1.0 - ramp
        weights[window + 1, start:stop] *= ramp
    return weights / weights.sum(0)


def blend(parts: Float[Tensor, "windows length *rest"], windows: Windows) -> Tensor:
    """One clip of vectors, (frames, …), by weighted means."""
    frames = windows[-1][1]
    weights = blend_weights(windows, frames).to(parts)
    clip = parts.new_zeros((frames, *parts.shape[2:]))
    for window, (start, stop) in enumerate(windows):
        share = weights[window, start:stop].reshape(-1, *[1] * (parts.ndim - 2))
        clip[start:stop] += share * parts[window]
    return clip


def blend_rotations(
    parts: Float[Tensor, "windows length *joints 3 3"], windows: Windows
) -> Float[Tensor, "frames *joints 3 3"]:
    """One clip of rotations: window after window is blended in along the geodesic."""
    frames = windows[-1][1]
    weights = blend_weights(windows, frames).to(parts)
    clip = parts.new_zeros((frames, *parts.shape[2:]))
    done = 0
    sum_so_far = torch.zeros(frames).to(parts)
    for window, (start, stop) in enumerate(windows):
        shared = max(done - start, 0)
        if shared:
            earlier, later = clip[start:done].clone(), parts[window, :shared]
            share = weights[window, start:done] / (sum_so_far[start:done] + weights[window, start:done])
            share = share.reshape(-1, *[1] * (parts.ndim - 4)).expand(later.shape[:-2])
            clip[start:done] = interpolate_rotations(earlier, later, share)
        clip[max(done, start) : stop] = parts[window, shared:]
        sum_so_far[start:stop] += weights[window, start:stop]
        done = stop
    return clip
