"""What the documents say of the program is what the program does."""

from __future__ import annotations

from app.widgets.chat_app import ChatApp
from app.widgets.key_table import sections
from docs import keys


def test_the_table_of_keys_is_that_of_the_program() -> None:
    assert keys.TABLE.read_text() == keys.table(), "run: python -m docs.keys"


def test_the_short_table_in_the_readme_is_taken_from_it() -> None:
    readme = keys.README.read_text()
    assert readme == keys.with_table(readme), "run: python -m docs.keys"


def test_the_table_has_everything_that_is_bound() -> None:
    names = [f"`{binding.id}`" for section in sections(ChatApp.BINDINGS) for binding in section.bindings]
    assert all(name in keys.table() for name in names)
    assert len(names) > 60
