"""What a user wants held, as text and as a value.

    VARIABLE[:PART][@WHERE][[START:STOP]]

    shape                            the shape, in every stage
    translation@stage2[10:20]        the translation of frames 10 to 19, in stage II
    body_pose:left_arm@stage3        the rotations of the left arm's joints, in stage III
    body_pose:left_elbow[120:180]    one joint's rotation in frames 120 to 179, in every stage

A part or frames hold entries of the motion: they come out of the stage as they went in, bit for bit, and the rest is
fitted around them. Without them the variable itself leaves the optimiser; in stage III that of the initial state x0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from motionfit.body.skeleton import JOINT_GROUPS, JOINT_NAMES
from motionfit.errors import SettingsError, require_one_of
from motionfit.pipeline.stages import OPTIMISED_STAGES, PHASES, VARIABLE_TITLES

PARTS: dict[str, tuple[int, ...]] = {
    **{("torso" if name == "spine" else name): joints for name, joints in JOINT_GROUPS.items()},
    **{name: (joint,) for joint, name in enumerate(JOINT_NAMES) if joint > 0 and name not in JOINT_GROUPS},
}
"""The joints of each part of the body pose that can be held: groups (the head with the neck), then single joints."""

WITHOUT_FRAMES: tuple[str, ...] = ("shape", "floor")
"""Variables that are one for the whole clip."""

_EVERYWHERE = "all"
_TEXT = re.compile(
    r"(?P<variable>[^:@\[\]]*)(:(?P<part>[^:@\[\]]*))?(@(?P<where>[^:@\[\]]*))?(\[(?P<frames>[^\]]*)\])?"
)
_FRAMES = re.compile(r"(\d+):(\d+)")


@dataclass(frozen=True)
class Freeze:
    """Hold a variable or a part of it, in one phase, a whole stage, or everywhere.

    Attributes:
        variable: A key of `VARIABLE_TITLES`.
        where: A phase key, a stage key, or "all".
        part: A key of `PARTS`, of the body pose; empty = all joints.
        frames: First frame and the one after the last, of the observations; None = all.
    """

    variable: str
    where: str = _EVERYWHERE
    part: str = ""
    frames: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        require_one_of(self.variable, VARIABLE_TITLES, "variable to freeze")
        places = (_EVERYWHERE, *OPTIMISED_STAGES, *(phase.key for phase in PHASES))
        require_one_of(self.where, places, "stage or phase to freeze in")
        if self.part:
            require_one_of(self.part, PARTS, "part of the body to freeze")
            if self.variable != "body_pose":
                raise SettingsError(
                    f"{self.variable} has no {self.part}.", f"Body parts are those of body_pose: body_pose:{self.part}."
                )
        if self.frames is not None:
            self._check_frames(*self.frames)

    def _check_frames(self, start: int, stop: int) -> None:
        if self.variable in WITHOUT_FRAMES:
            raise SettingsError(f"The {self.variable} is one for the whole clip.", "Freeze it without frames.")
        if not 0 <= start < stop:
            raise SettingsError(
                f"There are no frames {start}:{stop} to freeze.", "Give the first frame and the one after the last."
            )

    @property
    def is_whole(self) -> bool:
        """True where the variable itself is held, not a part or frames of the motion."""
        return not self.part and self.frames is None

    def counts_in(self, phase_key: str) -> bool:
        """Whether it holds in a phase."""
        stage = next(phase.stage for phase in PHASES if phase.key == phase_key)
        return self.where in (_EVERYWHERE, stage, phase_key)

    def __str__(self) -> str:
        part = f":{self.part}" if self.part else ""
        frames = "" if self.frames is None else "[{}:{}]".format(*self.frames)
        return f"{self.variable}{part}@{self.where}{frames}"

    @classmethod
    def parse(cls, text: str) -> Freeze:
        """From the text that the command line and files hold.

        Raises:
            SettingsError: It is not written so, or names something that there is not (with the nearest name).
        """
        found = _TEXT.fullmatch(text.strip())
        if found is None:
            raise _not_readable(text)
        frames = None
        if found["frames"] is not None:
            numbers = _FRAMES.fullmatch(found["frames"].replace(" ", ""))
            if numbers is None:
                raise _not_readable(text)
            frames = (int(numbers[1]), int(numbers[2]))
        return cls(found["variable"], found["where"] or _EVERYWHERE, found["part"] or "", frames)


def _not_readable(text: str) -> SettingsError:
    return SettingsError(
        f"{text!r} does not say what to freeze.",
        "Write VARIABLE, then :PART, @STAGE and [START:STOP] where wanted: body_pose:left_arm@stage3[120:180].",
    )
