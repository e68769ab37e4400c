"""The pictures in docs are those of the program: each is made again and compared, by its text and its colours.

Bytes are not: Textual numbers what it draws anew, and another version of it may draw the same in another way. The
colours are only compared with the version that made the picture, since themes may change in the next.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from textual import __version__

from docs import pictures

Drawn = tuple[float, float, str, str]  # y, x, text, style

_SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str) -> list[Drawn]:
    """Every piece of text with its place and its style."""
    styles = dict(re.findall(r"\.terminal-\d+-(r\d+) \{ ([^}]*) \}", svg))
    found = []
    for text in ElementTree.fromstring(svg).iter(f"{_SVG}text"):  # noqa: S314  # made by ourselves
        style = styles.get(text.get("class", "").rpartition("-")[2], "")
        found.append((float(text.get("y", 0)), float(text.get("x", 0)), text.text or "", style))
    return sorted(found)


def rows(parts: list[Drawn]) -> list[str]:
    return ["".join(text for y, _, text, _ in parts if y == row) for row in sorted({y for y, *_ in parts})]


@pytest.mark.parametrize("name", pictures.SCENES)
async def test_a_picture_in_the_docs_shows_what_the_program_shows(name: str) -> None:
    kept = (pictures.FOLDER / f"{name}.svg").read_text()
    before, now = drawn(kept), drawn(await pictures.take(name))
    assert rows(now) == rows(before), "run: python -m docs.pictures"
    if f"<!-- Textual {__version__} -->" in kept:
        assert now == before, "run: python -m docs.pictures"


def test_pictures_load_nothing_from_elsewhere() -> None:
    kept = [path.read_text() for path in pictures.FOLDER.glob("*.svg")]
    assert len(kept) == len(pictures.SCENES)
    assert not [
        address for svg in kept for address in re.findall(r"https?://[^\"\s]+", svg) if "www.w3.org" not in address
    ]


def test_every_picture_of_the_readme_is_there() -> None:
    root = Path(__file__).parent.parent
    shown = re.findall(r"\]\((docs/images/[^)]+)\)", (root / "README.md").read_text())
    assert shown
    assert [path for path in shown if not (root / path).exists()] == []
