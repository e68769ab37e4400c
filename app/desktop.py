"""Which programs of this computer open an address and keep a clipboard, judged by its environment. Nothing is run here.

- Programs are named by their path and take what they get as an argument or on stdin, never through a shell.
- From afar (ssh) the desktop of this computer is somebody else's, unless it is the one that was brought along (ssh -X).
- None that would draw into the terminal that the chat has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

Which = Callable[[str], str | None]  # shutil.which

_CLIPBOARDS_X = (("xclip", "-selection", "clipboard"), ("xsel", "--clipboard", "--input"))


class Program(Struct, frozen=True):
    """encoding: of what it reads on stdin."""

    argv: tuple[str, ...]
    encoding: str = "utf-8"


def opener(platform: str, environment: Mapping[str, str], which: Which) -> Program | None:
    """What opens an address, which is its last argument; None if there is nowhere to open it."""
    if platform == "darwin":
        return None if _from_afar(environment) else _first([("open",)], which)
    if environment.get("WSL_DISTRO_NAME"):
        return _first([("wslview",), ("explorer.exe",)], which)
    if _has_display(environment):
        return _first([("xdg-open",), ("gio", "open")], which)
    return None


def clipboards(platform: str, environment: Mapping[str, str], which: Which) -> list[Program]:
    """What takes a text on stdin into a clipboard: the desktop's, and that of tmux, whose terminal may be elsewhere."""
    found: list[Program | None] = []
    if platform == "darwin":
        found.append(None if _from_afar(environment) else _first([("pbcopy",)], which))
    elif environment.get("WSL_DISTRO_NAME"):
        clip = _first([("clip.exe",)], which)
        found.append(clip and Program(clip.argv, "utf-16-le"))
    elif _has_display(environment):
        wayland = [("wl-copy",)] if environment.get("WAYLAND_DISPLAY") and not _from_afar(environment) else []
        found.append(_first([*wayland, *(_CLIPBOARDS_X if environment.get("DISPLAY") else ())], which))
    if environment.get("TMUX"):
        found.append(_first([("tmux", "load-buffer", "-w", "-")], which))
    return [program for program in found if program is not None]


def _has_display(environment: Mapping[str, str]) -> bool:
    display = environment.get("DISPLAY", "")
    if _from_afar(environment):
        return display.partition(":")[0] not in ("", "unix")  # localhost:10.0, as ssh -X gives it
    return bool(display or environment.get("WAYLAND_DISPLAY"))


def _from_afar(environment: Mapping[str, str]) -> bool:
    return bool(environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"))


def _first(candidates: Sequence[tuple[str, ...]], which: Which) -> Program | None:
    for name, *rest in candidates:
        path = which(name)
        if path is not None:
            return Program((path, *rest))
    return None
