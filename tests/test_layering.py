"""Dependencies point one way: read off the syntax trees, with type-checking imports and those inside functions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parent.parent / "app"
CORE = {
    "app.acts",
    "app.amendments",
    "app.cbor",
    "app.clock",
    "app.clock_hints",
    "app.commands",
    "app.code_tokens",
    "app.config",
    "app.courtesy",
    "app.days",
    "app.desktop",
    "app.desktop_notices",
    "app.door",
    "app.entry",
    "app.errors",
    "app.fork_proof",
    "app.fork_words",
    "app.frontier",
    "app.genesis",
    "app.hashing",
    "app.holdings",
    "app.identity",
    "app.identity_file",
    "app.ingest",
    "app.last_words",
    "app.links",
    "app.markdown",
    "app.mentions",
    "app.moments",
    "app.muting",
    "app.names",
    "app.notices",
    "app.parcel",
    "app.peers",
    "app.people",
    "app.phrase",
    "app.private_files",
    "app.sealing",
    "app.search",
    "app.settings",
    "app.start_up",
    "app.status",
    "app.text",
    "app.timeline",
    "app.trust",
    "app.transfer",
    "app.view_state",
    "app.way",
    "app.why",
    "app.wording",
    "app.words",
}
SOCKETS = {"socket", "ssl"}
DOES_IO = re.compile(r"app\.replication\.(transport|discovery|addresses|certificate|mesh\w*)(_records|_probe)?")


def module_name(path: Path) -> str:
    parts = path.relative_to(APP.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): ast.parse(path.read_text()) for path in sorted(APP.rglob("*.py"))}


def imports(module: str) -> Iterator[str]:
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            assert node.module
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


def test_the_core_imports_no_subpackage_and_no_toolkit() -> None:
    for module in CORE & MODULES.keys():
        for name in imports(module):
            top = name.split(".")[0]
            assert top not in {"textual", "asyncio", "lmdb", "zeroconf"} | SOCKETS, f"{module} imports {name}"
            assert top != "app" or name in CORE | {"app"}, f"{module} imports {name}"


@pytest.mark.parametrize("package", ["storage", "replication", "widgets"])
def test_subpackages_know_only_the_core_and_themselves(package: str) -> None:
    for module in MODULES:
        if module.startswith(f"app.{package}"):
            for name in imports(module):
                if name.split(".")[0] == "app":
                    assert name in CORE | {"app"} or name.startswith(f"app.{package}"), f"{module} imports {name}"


@pytest.mark.parametrize(
    ("libraries", "places"),
    [
        ({"lmdb"}, ("app.storage",)),
        ({"zeroconf"}, ("app.replication.discovery",)),
        (
            SOCKETS,
            (
                "app.replication.transport",
                "app.replication.mesh",
                "app.replication.addresses",
                "app.service_manager",
            ),
        ),
        ({"textual", "rich"}, ("app.widgets", "app.tui")),
    ],
)
def test_each_library_has_its_place(libraries: set[str], places: tuple[str, ...]) -> None:
    for module in MODULES:
        for name in imports(module):
            if name.split(".")[0] in libraries:
                assert module.startswith(places), f"{module} imports {name}"


def test_the_replication_core_has_no_await_no_clock_and_no_io() -> None:
    for module, tree in MODULES.items():
        if not module.startswith("app.replication.") or DOES_IO.fullmatch(module):
            continue
        assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree)), module
        for name in imports(module):
            assert name.split(".")[0] not in {"asyncio", "time", "os", "threading", "pathlib"} | SOCKETS, module


def test_storage_and_replication_meet_only_in_the_node() -> None:
    for module in MODULES:
        packages = {name.split(".")[1] for name in imports(module) if name.startswith("app.") and name.count(".") > 1}
        assert not {"storage", "replication"} <= packages or module == "app.node", module


def test_only_the_start_of_the_screen_knows_the_screen() -> None:
    for module in MODULES:
        if not module.startswith(("app.widgets", "app.tui")):
            assert not any(name.startswith("app.widgets") for name in imports(module)), module


def test_there_is_no_import_cycle() -> None:
    graph = {module: {name for name in imports(module) if name in MODULES} - {module} for module in MODULES}
    while leaves := {module for module, needs in graph.items() if not needs & graph.keys()}:
        for leaf in leaves:
            del graph[leaf]
    assert not graph, f"a cycle runs through {sorted(graph)}"
