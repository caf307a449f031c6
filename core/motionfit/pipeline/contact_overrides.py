"""Contacts that the user knows, as text and as a value.

JOINT[,JOINT…]@START:STOP=VALUE

left_foot,left_ankle@120:180=1     these stand still on the ground in frames 120 to 179
right_wrist@0:40=0                 this touches nothing in frames 0 to 39
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from motionfit.body.skeleton import JOINT_NAMES
from motionfit.errors import SettingsError, require_one_of

_TEXT = re.compile(r"(?P<joints>[^@=]+)@(?P<start>\d+):(?P<stop>\d+)=(?P<value>[0-9.]+)")


@dataclass(frozen=True)
class ContactOverride:
    """How surely joints touch the ground in some frames.

    Attributes:
        joints: Of `JOINT_NAMES`; left_foot and right_foot are the balls of the feet.
        start: First frame of the observations.
        stop: The frame after the last.
        value: Probability, 0..1.
    """

    joints: tuple[str, ...]
    start: int
    stop: int
    value: float

    def __post_init__(self) -> None:
        for joint in self.joints:
            require_one_of(joint, JOINT_NAMES, "joint in contact")
        if not 0 <= self.start < self.stop:
            raise SettingsError(f"The contact {self} has no frames.", "Frames count from 0; the last is not included.")
        if not 0.0 <= self.value <= 1.0:
            raise SettingsError(f"The contact {self} is not a probability.", "0 is surely none, 1 is surely contact.")

    @classmethod
    def parse(cls, text: str) -> ContactOverride:
        """From text as the command line and presets write it.

        Raises:
            SettingsError: It makes no sense.
        """
        found = _TEXT.fullmatch(text.strip())
        if found is None or found["value"].count(".") > 1 or found["value"] == ".":
            raise SettingsError(f"{text!r} is no contact.", "For example left_foot,left_ankle@120:180=1.")
        joints = tuple(name.strip() for name in found["joints"].split(","))
        return cls(joints, int(found["start"]), int(found["stop"]), float(found["value"]))

    def __str__(self) -> str:
        return f"{','.join(self.joints)}@{self.start}:{self.stop}={self.value:g}"
