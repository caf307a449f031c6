"""Where the floor of a recording is, after HuMoR: the lowest cluster of heights at which a toe is still.

All heights are of joints along z, in metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.geometry.differences import velocity

_TOES = (10, 11)
_PELVIS = 0
_UNDER_FLOOR = 0.10
_HIGHER = 0.04
_CLUSTER_SECONDS = 0.25


@dataclass(frozen=True)
class FloorRule:
    """How the floor is found.

    Attributes:
        speed: A toe is still below this speed, m/s (HuMoR: 5 mm a frame, 0.6 m/s at 120 Hz).
        reach: Heights that are this near to each other belong to one cluster, m.
        least: Heights in a cluster at least.
        toe_height: Of the toe joint over the sole, m; below 0 stands for that of the body (HuMoR: 0.01).
    """

    speed: float = 0.3
    reach: float = 0.005
    least: int = 3
    toe_height: float = -1.0


class FloorFinding(NamedTuple):
    """What was found.

    Attributes:
        height: Of the floor, m; 0 where it is not known.
        origin: "found", "unsure" (parts of the body are far below what was found) or "unknown" (no toe is still).
        steps_on_objects: Toes and pelvis stand long at a higher place too.
    """

    height: float
    origin: str
    steps_on_objects: bool


def sole_depth(body: BodyModel) -> float:
    """Height of the toe joints over the sole in the rest pose, metres; 0 for a body whose feet have no surface."""
    lowest = body.surface.template[:, 1].amin()
    return max(0.0, float(body.joint_template[list(_TOES), 1].mean() - lowest))


def find_floor(joints: Float[Tensor, "frames 22 3"], fps: float, rule: FloorRule, toe_height: float) -> FloorFinding:
    """The floor of a recording, and whether it steps on things.

    Args:
        joints: World, z up, at the rate of the capture.
        fps: That rate.
        rule: What counts as still and as one height.
        toe_height: Of a standing toe joint over the floor, metres.
    """
    toes = joints[:, _TOES]
    is_still = velocity(toes, fps, frame_axis=0).norm(dim=-1) < rule.speed
    heights = np.asarray(toes[..., 2].T[is_still.T])
    pelvis = np.asarray(joints[:, _PELVIS, 2].expand(len(_TOES), -1)[is_still.T])
    clusters = cluster_heights(heights, rule.reach, rule.least)
    kept = [cluster for cluster in range(clusters.max(initial=-1) + 1)]
    if not kept:
        return FloorFinding(0.0, "unknown", False)
    toe_levels = [float(np.median(heights[clusters == cluster])) for cluster in kept]
    height = min(toe_levels) - toe_height
    under = joints[..., 2].amin(1) < height - _UNDER_FLOOR
    if float(under.to(torch.float32).sum()) > _CLUSTER_SECONDS * fps:
        return FloorFinding(0.0, "unsure", False)
    pelvis_levels = [float(np.median(pelvis[clusters == cluster])) for cluster in kept]
    steps = any(
        toe > min(toe_levels) + _HIGHER
        and root > min(pelvis_levels) + _HIGHER
        and int((clusters == cluster).sum()) > int(_CLUSTER_SECONDS * fps)
        for cluster, toe, root in zip(kept, toe_levels, pelvis_levels, strict=True)
    )
    return FloorFinding(height, "found", steps)


def cluster_heights(heights: np.ndarray, reach: float, least: int) -> np.ndarray:
    """DBSCAN on a line.

    On a line a sort does what needs all neighbourhoods elsewhere: those of a long recording do not fit into memory.

    Args:
        heights: Numbers.
        reach: Two numbers this near are neighbours.
        least: A number with this many neighbours, itself among them, makes a cluster.

    Returns:
        The cluster of each number, -1 for none; clusters are numbered from the lowest up.
    """
    order = np.argsort(heights, kind="stable")
    line = heights[order].astype(np.float64)
    neighbours = np.searchsorted(line, line + reach, "right") - np.searchsorted(line, line - reach, "left")
    cores = np.flatnonzero(neighbours >= least)
    labels = np.full(line.shape[0], -1)
    if cores.size == 0:
        return labels
    starts = np.concatenate([[0], np.cumsum(np.diff(line[cores]) > reach)])
    labels[cores] = starts
    others = np.flatnonzero(neighbours < least)
    for side in ("left", "right"):  # a number beside two clusters belongs to the lower one
        places = np.searchsorted(line[cores], line[others], side) - (1 if side == "left" else 0)
        near = cores[places.clip(0, cores.size - 1)]
        joins = (labels[others] < 0) & (np.abs(line[near] - line[others]) <= reach)
        labels[others[joins]] = labels[near[joins]]
    result = np.empty_like(labels)
    result[order] = labels
    return result
