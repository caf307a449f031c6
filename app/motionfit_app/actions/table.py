"""The table of all commands. Menus, toolbar, palette and the list of shortcuts are made from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ActionSpec:
    """One command.

    Attributes:
        key: Name in the code.
        text: Name for people.
        tip: What it does, one sentence.
        menu: Key of the menu; empty = in no menu.
        keys: Shortcuts.
        icon: Name in the icon set.
        is_checkable: Whether it can be on or off.
        in_toolbar: Whether the toolbar shows it.
        begins_group: Whether a line stands before it.
        needs_clip: Whether it needs something open.
    """

    key: str
    text: str
    tip: str
    menu: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    is_checkable: bool = False
    in_toolbar: bool = False
    begins_group: bool = False
    needs_clip: bool = True


MENUS: tuple[tuple[str, str], ...] = (
    ("file", "&File"),
    ("edit", "&Edit"),
    ("fit", "F&it"),
    ("play", "&Play"),
    ("view", "&View"),
    ("help", "&Help"),
)


def _spec(key: str, text: str, tip: str, menu: str, *keys: str, **options: str | bool) -> ActionSpec:
    """A row; its texts are translated where they are shown, in the context "actions"."""
    return ActionSpec(key, text, tip, menu, keys, **options)  # type: ignore[arg-type]


ACTIONS: tuple[ActionSpec, ...] = (
    _spec("open", "&Open clip…", "Open a motion, observations or a video", "file", "Ctrl+O", icon="open",
          in_toolbar=True, needs_clip=False),
    _spec("open_folder", "Open &folder or project…", "Open a project, or a folder of OpenPose JSON", "file",
          "Ctrl+Shift+O", icon="open", needs_clip=False),
    _spec("demo", "Open the &demo", "Open the embedded demo clip", "file", icon="demo", needs_clip=False),
    _spec("save", "&Save project", "Save the clip, settings and runs", "file", "Ctrl+S", icon="save",
          in_toolbar=True, begins_group=True),
    _spec("save_as", "Save project &as…", "Save under another name", "file", "Ctrl+Shift+S"),
    _spec("export", "&Export result…", "Write the stage that is shown for other programs: glTF, BVH, AMASS, CSV, film",
          "file", "Ctrl+Shift+E", begins_group=True),
    _spec("close_window", "&Quit", "Close the window; a running fit is stopped first", "file", "Ctrl+Q",
          begins_group=True, needs_clip=False),
    _spec("run", "&Run the fit", "Run all stages with these settings", "fit", "Ctrl+R", icon="run",
          in_toolbar=True),
    _spec("stop", "S&top", "Stop the run; what is done is kept", "fit", "Ctrl+.", icon="stop", in_toolbar=True),
    _spec("run_stage1", "Run from stage &I", "Run all stages again", "fit", "Ctrl+1", icon="rerun",
          begins_group=True),
    _spec("run_stage2", "Run from stage I&I", "Keep stage I and run the later stages again", "fit", "Ctrl+2",
          icon="rerun"),
    _spec("run_stage3", "Run from stage II&I", "Keep stages I and II and run stage III again", "fit", "Ctrl+3",
          icon="rerun"),
    _spec("compare_drift", "Compare &drift", "Show initial roll-out, stage II and result together", "view",
          "Ctrl+D", icon="compare", in_toolbar=True),
    _spec("show_result", "Show the &result", "Show the last stage of the current run alone", "view", "Ctrl+E",
          icon="mesh"),
    _spec("play", "&Play", "Play or pause", "play", "Space", icon="play", is_checkable=True),
    _spec("first", "&First frame", "Go to the first frame", "play", "Home", icon="first", begins_group=True),
    _spec("back", "&Back one frame", "Go back one frame", "play", "Left", icon="back"),
    _spec("forward", "F&orward one frame", "Go forward one frame", "play", "Right", icon="forward"),
    _spec("last", "&Last frame", "Go to the last frame", "play", "End", icon="last"),
    _spec("back_ten", "Back ten frames", "Go back ten frames", "play", "Shift+Left"),
    _spec("forward_ten", "Forward ten frames", "Go forward ten frames", "play", "Shift+Right"),
    _spec("range_start", "Range &starts here", "Let the selected range begin at the playhead", "play", "[",
          begins_group=True),
    _spec("range_end", "Range &ends here", "Let the selected range end at the playhead", "play", "]"),
    _spec("range_clear", "&Clear the range", "Select no range", "play", "Esc"),
    _spec("loop", "L&oop", "Play the range (or the clip) over and over", "play", "L", icon="loop",
          is_checkable=True),
    _spec("slower", "S&lower", "Play slower", "play", "-", begins_group=True),
    _spec("faster", "F&aster", "Play faster", "play", "+", "="),
    _spec("zoom_all", "&Whole clip on the timeline", "Zoom the timeline out", "play", "Ctrl+0"),
    _spec("view_front", "&Front", "Look from the front", "view", "1", begins_group=True),
    _spec("view_side", "&Side", "Look from the side", "view", "2"),
    _spec("view_top", "&Top", "Look from above", "view", "3"),
    _spec("view_camera", "&Camera", "Look as the clip's camera does", "view", "4"),
    _spec("view_reset", "&Reset the view", "Look so that everything is in sight", "view", "0", icon="reset"),
    _spec("layout_inspect", "Layout &Inspect", "Arrange the panels for looking at a result", "view", "F5",
          begins_group=True),
    _spec("layout_fit", "Layout F&it", "Arrange the panels for running fits", "view", "F6"),
    _spec("layout_compare", "Layout C&ompare", "Arrange the panels for comparing results", "view", "F7"),
    _spec("palette", "Command &palette…", "Find and run any command", "help", "Ctrl+Shift+P", icon="palette",
          in_toolbar=True, needs_clip=False),
    _spec("shortcuts", "&Shortcuts", "List all commands and their keys", "help", "F1", icon="help",
          needs_clip=False),
    _spec("open_log", "Where is the &log file?", "Say where unexpected errors are written", "help",
          needs_clip=False),
    _spec("about", "&About MotionFit", "Versions", "help", needs_clip=False),
)  # fmt: skip
