"""Takes the tables of keys, docs/keys.md and the one in README.md, from the program: `python -m docs.keys`."""

from __future__ import annotations

from pathlib import Path

from textual.binding import Binding

from app.widgets.chat_app import ChatApp
from app.widgets.key_table import MOUSE, commands, sections
from app.widgets.keys import key_name, key_names, keys_of

ROOT = Path(__file__).parent.parent
TABLE, README = ROOT / "docs" / "keys.md", ROOT / "README.md"
BEGIN, END = "<!-- keys -->\n", "<!-- /keys -->"
# What a reader of the README has to know; the rest is found with F1.
CHOSEN = (
    "send",
    "new-line",
    "complete",
    "up",
    "look-up",
    "page-up",
    "page-down",
    "first-unread",
    "late",
    "newest",
    "point",
    "search",
    "palette",
    "close-notice",
    "copy",
    "help",
    "leave",
)

_HEAD = """# Keys and commands

Written by `python -m docs.keys` from the program itself; F1 shows the same there, and `/keys` the names.

Other keys for anything here stand in `config.toml`: in `~/.config/chat-tui/` on Linux, in
`~/Library/Application Support/chat-tui/` on macOS. A name as below, and one key or several:

```toml
[keys]
search = "f3,ctrl+f"
point = "alt+m"
```

What cannot be a key, or is the key of something else, is said at the start, and the usual key stays.
"""


def table() -> str:
    """docs/keys.md."""
    parts = [_HEAD]
    for section in sections(ChatApp.BINDINGS):
        rows = [f"| {_keys(each)} | {_cell(each.description)} | `{each.id}` |\n" for each in section.bindings]
        parts.append(f"\n## {section.title}\n\n| keys | what they do | name |\n| --- | --- | --- |\n" + "".join(rows))
    rows = [f"| `{_cell(form)}` | {_cell(said)} |\n" for form, said in commands()]
    parts.append("\n## Commands\n\n| command | what it does |\n| --- | --- |\n" + "".join(rows))
    return "".join(parts)


def short_table() -> str:
    """What stands between the marks of README.md."""
    bound = {each.id: each for section in sections(ChatApp.BINDINGS) for each in section.bindings}
    rows = [f"| {key_names(bound[name], {})} | {_cell(bound[name].description)} |\n" for name in CHOSEN]
    rows += [f"| {how} | {said} |\n" for how, said in MOUSE]
    rows.append("| `//text` | send a message that begins with `/` |\n")
    return "| key | what it does |\n| --- | --- |\n" + "".join(rows)


def with_table(readme: str) -> str:
    before, _, rest = readme.partition(BEGIN)
    return before + BEGIN + short_table() + END + rest.partition(END)[2]


def _keys(binding: Binding) -> str:
    names = [key_name(key) for key in keys_of(binding, {})]
    return ", ".join(f"`{_cell(name)}`" if len(name) == 1 and name.isascii() else name for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    TABLE.write_text(table())
    README.write_text(with_table(README.read_text()))
