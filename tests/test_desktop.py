from __future__ import annotations

import pytest

from app.desktop import Program, clipboards, opener

EVERYTHING = {
    "open", "pbcopy", "wslview", "explorer.exe", "clip.exe", "xdg-open", "gio", "wl-copy", "xclip", "xsel", "tmux"
}  # fmt: skip


def having(*names: str) -> dict[str, str]:
    return {name: f"/bin/{name}" for name in names}


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"DISPLAY": ":0"}, "/bin/xdg-open"),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, "/bin/xdg-open"),
        ("linux", {}, None),
        ("linux", {"SSH_CONNECTION": "x", "WAYLAND_DISPLAY": "wayland-0"}, None),
        ("linux", {"SSH_CONNECTION": "x", "DISPLAY": ":0"}, None),
        ("linux", {"SSH_CONNECTION": "x", "DISPLAY": "localhost:10.0"}, "/bin/xdg-open"),
        ("linux", {"WSL_DISTRO_NAME": "x"}, "/bin/wslview"),
        ("darwin", {}, "/bin/open"),
        ("darwin", {"SSH_TTY": "x"}, None),
    ],
)
def test_what_opens_an_address(platform: str, environment: dict[str, str], expected: str | None) -> None:
    program = opener(platform, environment, having(*EVERYTHING).get)
    assert (program and program.argv[0]) == expected


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"DISPLAY": ":0"}, ["/bin/xclip"]),
        ("linux", {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, ["/bin/wl-copy"]),
        ("linux", {}, []),
        ("linux", {"TMUX": "x", "SSH_TTY": "x"}, ["/bin/tmux"]),
        ("linux", {"TMUX": "x", "DISPLAY": ":0"}, ["/bin/xclip", "/bin/tmux"]),
        ("linux", {"SSH_TTY": "x", "DISPLAY": "localhost:10.0", "WAYLAND_DISPLAY": "wayland-0"}, ["/bin/xclip"]),
        ("darwin", {}, ["/bin/pbcopy"]),
        ("darwin", {"SSH_TTY": "x"}, []),
    ],
)
def test_what_keeps_a_clipboard(platform: str, environment: dict[str, str], expected: list[str]) -> None:
    assert [each.argv[0] for each in clipboards(platform, environment, having(*EVERYTHING).get)] == expected


def test_what_is_not_installed_is_passed_over() -> None:
    x = {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}
    assert clipboards("linux", x, having("xsel").get) == [Program(("/bin/xsel", "--clipboard", "--input"))]
    assert clipboards("linux", x, having().get) == []
    assert opener("linux", x, having("gio").get) == Program(("/bin/gio", "open"))
    assert opener("linux", x, having().get) is None


def test_windows_reads_its_own_encoding() -> None:
    assert clipboards("linux", {"WSL_DISTRO_NAME": "x"}, having("clip.exe").get)[0].encoding == "utf-16-le"
