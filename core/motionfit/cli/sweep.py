"""`motionfit sweep`: tune the weights of a preset on training clips."""

from __future__ import annotations

import argparse
from pathlib import Path

from motionfit.cli.console import print_table, say
from motionfit.cli.options import Commands, add_common, positive

_DEFAULT_WEIGHTS = "stage3.motion_prior,stage3.joint_consistency,stage3.contact_velocity"


def add_command(commands: Commands) -> None:
    """Register `sweep`."""
    parser = commands.add_parser(
        "sweep",
        help="tune the weights of a preset on training clips",
        description="Tune the weights of a preset on clips whose truth is known (needs the extra motionfit[sweep]). "
        "Trials are kept beside the output: the same command again goes on, with a larger --trials further.",
    )
    parser.add_argument("data", type=Path, metavar="DIR", help="folder of AMASS motions of the training split")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.toml", help="the tuned preset")
    parser.add_argument("--task", default="noisy_joints", metavar="NAME", help="of bench accuracy (noisy_joints)")
    parser.add_argument("--preset", metavar="NAME|FILE", help="to start from (that of the task)")
    parser.add_argument(
        "--weights", default=_DEFAULT_WEIGHTS, metavar="STAGE.TERM,…", help="what to tune (%(default)s)"
    )
    parser.add_argument("--trials", type=positive, default=30, help="so many in all (30)")
    parser.add_argument("--every", type=positive, default=1, metavar="N", help="take every Nth motion, by name (1)")
    add_common(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Tune a preset."""
    import torch

    from motionfit.bench.sweep import Sweep, run_sweep
    from motionfit.bench.tasks import TASKS
    from motionfit.errors import require_one_of

    torch.set_num_threads(given.threads)
    tasks = {task.name: task for task in TASKS}
    require_one_of(given.task, tasks, "task")
    task = tasks[given.task]
    sweep = Sweep(
        task=task,
        preset=given.preset or task.presets["motionfit"],
        weights=tuple(name.strip() for name in given.weights.split(",") if name.strip()),
        data=given.data,
        every=given.every,
        trials=given.trials,
        output=given.output,
        seed=given.seed,
    )
    report = run_sweep(sweep, note=lambda text: None if given.json else say(given, text))
    rows = [[name, f"{value:.4g}"] for name, value in report["weights"].items()]
    print_table(given, "tuned weights", ("weight", "value"), rows)
    say(given, f"{report['objective']:.3f} of the preset's error; written to {given.output}.")
    return 0, report
