import json
from pathlib import Path

import pytest
import torch

from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.pipeline.windows import blend, blend_rotations, cut, split_windows

GOLDEN = Path(__file__).parents[2] / "data" / "goldens" / "rgb_split.json"


def test_split_meets_the_goldens_and_handles_what_fails_there():
    rows = json.loads(GOLDEN.read_text())["rows"]
    checked = 0
    for frames, length, overlap, expected in rows:
        windows = split_windows(frames, length, overlap)
        if isinstance(expected, str) or frames <= length:
            assert windows[0][0] == 0
            assert windows[-1][1] == frames
        else:
            assert [list(window) for window in windows] == expected
            checked += 1
    assert checked > 50


@pytest.mark.parametrize(("frames", "length", "overlap"), [(60, 60, 10), (61, 60, 10), (230, 60, 10), (95, 30, 20)])
def test_cut_and_blend_go_round(frames, length, overlap):
    windows = split_windows(frames, length, overlap)
    clip = torch.randn(frames, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(blend(cut(clip[None], windows), windows), clip)
    rotations = rotation_from_axis_angle(torch.randn(frames, 5, 3, generator=torch.Generator().manual_seed(1)).double())
    torch.testing.assert_close(blend_rotations(cut(rotations[None], windows), windows), rotations)
    torch.testing.assert_close(blend_rotations(cut(rotations[None, :, 0], windows), windows), rotations[:, 0])


def test_blending_has_no_step_at_the_seam():
    windows = ((0, 60), (50, 110))
    parts = torch.stack([torch.zeros(60, 1), torch.ones(60, 1)])
    merged = blend(parts, windows)
    assert merged.diff(dim=0).max() < 0.1 + 1e-6
    assert merged[0] == 0
    assert merged[-1] == 1
