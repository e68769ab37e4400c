"""docs/security.md names tests: they exist, and every promise has one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECURITY = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", SECURITY)))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_named_test_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    assert name in {function.name for function in functions}


def test_every_promise_has_a_test() -> None:
    rows = [line for line in SECURITY.splitlines() if line.startswith("| ") and "---" not in line]
    promises = [row for row in rows if not row.startswith("| promise |")]
    assert len(promises) > 30
    assert all("`tests/" in row for row in promises)


def test_every_attack_is_listed() -> None:
    listed = {file for file, _ in NAMED}
    for path in (ROOT / "tests" / "attacks").glob("test_*.py"):
        assert path == Path(__file__) or str(path.relative_to(ROOT)) in listed
