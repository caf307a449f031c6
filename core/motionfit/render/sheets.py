"""Pictures side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from motionfit.render.layers import Picture


def contact_sheet(
    pictures: Sequence[Picture], columns: int, gap: int = 6
) -> UInt8[np.ndarray, "sheet_height sheet_width 3"]:
    """Pictures of one size in rows, with a light gap between.

    Args:
        pictures: At least one.
        columns: Pictures per row; the last row may be shorter.
        gap: Pixels.
    """
    if not pictures:
        raise ValueError("a contact sheet needs a picture")
    height, width = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    columns = min(columns, len(pictures))
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 240, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = (place // columns) * (height + gap), (place % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return sheet
