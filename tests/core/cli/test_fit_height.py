import argparse

import pytest

from motionfit.cli.fit import height


def test_a_height_is_metres():
    assert height("1.78") == 1.78
    for wrong in ("178", "0", "-1.7", "nan", "tall"):
        with pytest.raises(argparse.ArgumentTypeError, match=r"like 1\.78"):
            height(wrong)
