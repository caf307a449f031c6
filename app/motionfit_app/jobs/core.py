"""The functions of the core that the window uses; tests put others in their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from motionfit.body.model import BodyModel
from motionfit.motion import Motion, Observations
from motionfit.pipeline.result import FitResult, ProgressCallback
from motionfit.pipeline.settings import FitSettings


class FitFunction(Protocol):
    """The signature of `motionfit.reference.choose.fit`."""

    def __call__(  # noqa: D102
        self,
        observations: Observations,
        body: BodyModel,
        priors: Any,  # noqa: ANN401 - passed through from load_priors
        settings: FitSettings,
        progress: ProgressCallback | None = None,
        previous: FitResult | None = None,
    ) -> FitResult: ...


class Clip(Protocol):
    """What reading an input gives (`motionfit.files.inputs.ClipInput`)."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def observations(self) -> Observations: ...  # noqa: D102
    @property
    def truth(self) -> Motion | None: ...  # noqa: D102
    @property
    def video(self) -> Path | None: ...  # noqa: D102


@dataclass(frozen=True)
class CoreFunctions:
    """The core as the window sees it.

    Attributes:
        fit: Runs the stages.
        load_priors: Reads the trained priors.
        load_body: Reads the body in use.
        read_input: Reads a clip from a file or folder, with the folder of its 2D keypoints where it is a video.
        demo_path: Finds the embedded demo clip.
    """

    fit: FitFunction
    load_priors: Callable[[], Any]
    load_body: Callable[[], BodyModel]
    read_input: Callable[[Path, Path | None], Clip]
    demo_path: Callable[[], Path]


def installed_core() -> CoreFunctions:
    """The real functions; imported here so that the window is up before the solver is."""
    from motionfit.body.load import load_body
    from motionfit.files.demo import demo_path
    from motionfit.files.inputs import read_input
    from motionfit.priors.checkpoints import load_priors
    from motionfit.reference.choose import fit

    return CoreFunctions(fit, load_priors, load_body, read_input, demo_path)
