"""`motionfit fit`: fit one clip and write a result folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from motionfit.body.skeleton import JOINT_NAMES
from motionfit.cli.console import print_table, say
from motionfit.cli.options import Commands, add_common, not_negative, positive
from motionfit.errors import SettingsError
from motionfit.pipeline.contact_overrides import ContactOverride
from motionfit.pipeline.freezes import PARTS, Freeze
from motionfit.pipeline.settings import GROUND_MODES
from motionfit.pipeline.stages import OPTIMISED_STAGES, VARIABLE_TITLES


def add_command(commands: Commands) -> None:
    """Register `fit`."""
    parser = commands.add_parser(
        "fit",
        help="fit one clip",
        description="Fit a body to one clip: a video with --keypoints, a folder of OpenPose JSON, an AMASS "
        "motion npz, a .bvh or an .amc (their joints are fitted, or degraded ones with --simulate), an observation "
        "npz, or a clip folder.",
    )
    parser.add_argument("input", type=Path, metavar="INPUT", help="what to fit")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="result folder; replaced")
    add_fit_options(parser)
    data = parser.add_argument_group("input")
    data.add_argument("--keypoints", type=Path, metavar="DIR", help="OpenPose JSON files of the video INPUT")
    data.add_argument(
        "--camera", type=Path, metavar="FILE",
        help="camera of a video or of OpenPose JSON, .npz or .json: intrinsics (3,3) or of each frame (T,3,3) px, "
        "image_size (2,), and of a moving camera rotation (T,3,3) and translation (T,3) m, which take the world's "
        "coordinates to the camera's (x right, y down, z forward); the result is then in that world",
    )  # fmt: skip
    data.add_argument(
        "--height",
        type=height,
        metavar="M",
        help="how tall the person is, metres (within 1.5 cm); with 2D keypoints it settles how far away they are",
    )
    data.add_argument("--asf", type=Path, metavar="FILE", help="skeleton of an .amc INPUT (the one beside it)")
    data.add_argument("--person", type=not_negative, metavar="N", help="which person; 0 is the most visible")
    data.add_argument(
        "--simulate", metavar="SPEC",
        help="degrade a known motion: noise=0.04 (m), below=0.9 (m), points=300, project=1280x720:f1060, noise_px=, "
        "drop=, missing=20:30, wrong=0.1 (share of frames with mistakes), swap|limb|frozen|other|shift=40:50 (a "
        "mistake); combine with commas",
    )  # fmt: skip
    data.add_argument(
        "--floor", type=plane, metavar="NX,NY,NZ,D",
        help="the floor n·p = d (m), n up, in the frame of the data (camera: y down; else z up); it is held; "
        "write --floor=… where the first number is negative",
    )  # fmt: skip
    parser.add_argument(
        "--range", type=frame_range, metavar="A:B",
        help="fit frames A to B-1 of the finished fit in DIR anew, to what INPUT holds of them now, and leave all "
        "others as they are; stages II and III, with the settings of that fit. Take some frames more than the wrong "
        "ones: stage III carries a mistake into the frames beside it",
    )  # fmt: skip
    parser.add_argument("--from", type=Path, dest="earlier", metavar="DIR", help="with --range: the fit (that of -o)")
    parser.add_argument(
        "--resume", action="store_true", help="go on with the fit in DIR, after its last finished phase"
    )
    add_common(parser)
    parser.set_defaults(run=run)


def add_fit_options(parser: argparse.ArgumentParser) -> None:
    """The options that say how to fit."""
    group = parser.add_argument_group("fit")
    group.add_argument("--body", type=Path, metavar="FILE", help="SMPL-H .npz or .pkl (the open body)")
    priors = (("--pose-prior", "pose prior"), ("--motion-prior", "motion prior"), ("--initial-state", "mixture"))
    for option, title in priors:
        group.add_argument(option, type=Path, metavar="FILE", help=f"{title}, .safetensors (the shipped one)")
    group.add_argument("--preset", metavar="NAME|FILE", help="preset or TOML file (by the kind of input)")
    group.add_argument("--stages", type=stages, metavar="1,2,3", help="stages to run (all)")
    group.add_argument(
        "--freeze", type=freeze, action="append", default=[], metavar="VAR[:PART][@STAGE][[A:B]]",
        help="hold a variable, in a stage, a phase or everywhere; of the body pose also a part "
        "(body_pose:left_arm@stage3), of what changes with the frames also those from A to B-1 "
        "(translation[120:180]; quote it for the shell): these come out of the stage as they went in. "
        f"Variables: {', '.join(VARIABLE_TITLES)}. Parts: {', '.join(PARTS)}",
    )  # fmt: skip
    group.add_argument("--ground", choices=GROUND_MODES, help="; ".join(f"{k}: {v}" for k, v in GROUND_MODES.items()))
    group.add_argument(
        "--contact", type=contact, action="append", default=[], metavar="JOINT[,JOINT]@START:STOP=VALUE",
        help="how surely joints touch the ground in frames START to STOP-1, 1 surely, 0 surely not: "
        f"left_foot,left_ankle@120:180=1. Joints: {', '.join(JOINT_NAMES)}",
    )  # fmt: skip
    group.add_argument("--window", type=positive, metavar="N", help="frames of a stage III window (60)")
    group.add_argument(
        "--no-acceleration", action="store_true",
        help="do not run the roll-out compiled (it is where `motionfit[accelerate]` is installed)",
    )  # fmt: skip
    group.add_argument("--overlap", type=not_negative, metavar="N", help="frames that windows share (10)")
    group.add_argument("--window-batch", type=positive, metavar="N", help="windows fitted together (as memory holds)")


def contact(text: str) -> ContactOverride:
    """A contact that the user knows."""
    try:
        return ContactOverride.parse(text)
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def plane(text: str) -> tuple[float, ...]:
    """The numbers of a floor, from NX,NY,NZ,D."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != 4:
        raise argparse.ArgumentTypeError(f"{text!r} is not four numbers like 0,-1,0,-1.4")
    return numbers


def stages(text: str) -> tuple[str, ...]:
    """Stage keys from "1,2,3", in their order."""
    names = {key.removeprefix("stage"): key for key in OPTIMISED_STAGES}
    chosen = {part.strip() for part in text.split(",")}
    unknown = sorted(chosen - set(names))
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no stage {', '.join(map(repr, unknown))}; there are 1, 2 and 3")
    keys = tuple(key for name, key in names.items() if name in chosen)
    places = [OPTIMISED_STAGES.index(key) for key in keys]
    if places != list(range(places[0], places[0] + len(places))):
        raise argparse.ArgumentTypeError(f"{text!r} leaves a stage out in between")
    return keys


def frame_range(text: str) -> tuple[int, int]:
    """First frame and the one after the last, from A:B."""
    start, colon, stop = text.partition(":")
    if not (colon and start.strip().isdigit() and stop.strip().isdigit() and int(start) < int(stop)):
        what = "write its first frame and the one after its last: 20:31"
        raise argparse.ArgumentTypeError(f"{text!r} is no range; {what}")
    return int(start), int(stop)


def height(text: str) -> float:
    """A person's height, metres."""
    try:
        metres = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no height; give metres, like 1.78") from None
    if not 0.4 <= metres <= 2.8:
        raise argparse.ArgumentTypeError(f"{text} m is no height of a person; give metres, like 1.78")
    return metres


def freeze(text: str) -> Freeze:
    """What to hold, from the text of `Freeze`."""
    try:
        return Freeze.parse(text)
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Fit, write, and tell."""
    from motionfit.cli.fit_job import FitRequest, run_fit
    from motionfit.cli.tables import metric_rows

    if given.range is not None and given.resume:
        raise SettingsError("--range is of a finished fit, --resume of one that is not.", "Leave one of them out.")
    if given.range is None and given.earlier is not None:
        raise SettingsError("--from belongs to --range.", "Add --range A:B, or leave --from out.")
    request = FitRequest(
        input=given.input,
        output=given.output,
        keypoints=given.keypoints,
        person=given.person,
        simulate=given.simulate,
        asf=given.asf,
        camera=given.camera,
        height=given.height,
        resume=given.resume,
        floor=given.floor,
        frames=given.range,
        earlier=given.earlier,
    )
    outcome = run_fit(given, request)
    if outcome.metrics:
        print_table(given, outcome.name, ("metric", "value"), metric_rows({"": outcome.metrics}))
    say(given, outcome.sentence)
    return outcome.code, outcome.report
