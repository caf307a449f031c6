"""What training needs beside the rest of MotionFit is an extra of its own."""

from __future__ import annotations

from importlib.util import find_spec

from motionfit.errors import SettingsError

_NEEDED = {"lightning": "lightning", "tensorboard": "tensorboard", "sklearn": "scikit-learn"}


def require_packages() -> None:
    """See that what training needs is installed.

    Raises:
        SettingsError: It is not; says how to install it.
    """
    missing = [title for name, title in _NEEDED.items() if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"Training needs {' and '.join(missing)}, which is not installed.", "Run pip install 'motionfit[train]'."
        )
