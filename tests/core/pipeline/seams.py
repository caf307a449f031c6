"""What a merge of windows leaves to see."""

from itertools import pairwise

from motionfit.metrics.drift import joints_of


def jumps_at_seams(result, truth, body):
    """How far the body moves from frame to frame where windows meet, beyond what the true body does.

    A merge without blending would show the whole disagreement of two windows in one such step.

    Returns:
        The mean jump of the joints at each step that touches a shared frame, and the median step of the true body, m.
    """
    found, true = (joints_of(body, motion).diff(dim=0) for motion in (result.final.motion, truth))
    steps = {
        step for before, after in pairwise(result.windows) for step in range(after[0] - 1, min(before[1], len(true)))
    }
    assert steps
    return (found - true).norm(dim=-1).mean(1)[sorted(steps)], true.norm(dim=-1).mean(1).median()
