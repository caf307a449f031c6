import av
import numpy as np

from motionfit.render.png import write_png
from motionfit.render.sheets import contact_sheet


def test_a_png_reads_back_the_same(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    write_png(tmp_path / "deep" / "picture.png", picture)
    with av.open(str(tmp_path / "deep" / "picture.png")) as file:
        read = next(file.decode(video=0)).to_ndarray(format="rgb24")
    np.testing.assert_array_equal(read, picture)


def test_a_sheet_holds_every_picture():
    pictures = [np.full((4, 6, 3), shade, np.uint8) for shade in (10, 20, 30)]
    sheet = contact_sheet(pictures, columns=2, gap=1)
    assert sheet.shape == (9, 13, 3)
    assert [int(sheet[0, 0, 0]), int(sheet[0, 7, 0]), int(sheet[5, 0, 0]), int(sheet[5, 7, 0])] == [10, 20, 30, 240]
    assert contact_sheet(pictures, columns=5, gap=1).shape == (4, 20, 3)
