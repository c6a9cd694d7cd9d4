"""The house: each room imports only from rooms below it, gradio stays in the page, and heavy libraries are imported late."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# From the top down. A module may import from rows below its own, and within its own folder.
ROWS = (
    ("app",),
    ("tutor.__main__",),
    ("tutor.cli",),
    ("tutor.cli_demo", "tutor.cli_answer"),
    ("tutor.ui",),
    ("tutor.checks",),
    ("tutor.turn",),
    ("tutor.showing", "tutor.toolbox", "tutor.beside"),
    ("tutor.demo_request",),
    ("tutor.catalogue",),
    ("tutor.demos",),
    ("tutor.workbench",),
    ("tutor.library",),
    ("tutor.inspect_picture",),
    ("tutor.answer", "tutor.drawing"),
    ("tutor.draft", "tutor.comparison"),
    ("tutor.things",),
    ("tutor.route", "tutor.conversation", "tutor.request", "tutor.about"),
    ("tutor.support",),
    ("tutor.search",),
    ("tutor.writing",),
    ("tutor.text", "tutor.image"),
    ("tutor.loading", "tutor.devices", "tutor.served"),
    ("tutor.weights",),
    ("tutor.hub",),
    ("tutor.prompts",),
    ("tutor.reading",),
    ("tutor.document",),
    ("tutor.extraction",),
    ("tutor.links",),
    ("tutor.course",),
    ("tutor.markdown",),
    ("tutor.glossary", "tutor.quizbank", "tutor.questions"),
    ("tutor.lines",),
    ("tutor.sentences",),
    ("tutor.events",),
    ("tutor.settings",),
    ("tutor.errors",),
    ("tutor",),
)
# A later import inside a function is allowed for these pairs, which only name types or start a room above.
COMPUTING = (
    "tutor.text.",
    "tutor.image.",
    "tutor.search",
    "tutor.weights",
    "tutor.devices",
    "tutor.demos.",
    "tutor.workbench.",
)
HEAVY = ("torch", "transformers", "diffusers", "gradio", "peft", "accelerate", "sklearn", "matplotlib", "scipy")
NETWORKS = ("tutor.image.denoiser", "tutor.image.pipeline", "tutor.image.preview", "tutor.image.sketch")
"""They define classes of torch and diffusers, so they are heavy themselves: others import them late too."""
FILES = sorted([*(ROOT / "tutor").rglob("*.py"), ROOT / "app.py"])


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def row_of(module: str) -> int:
    for number, row in enumerate(ROWS[:-1]):
        if any(module == name or module.startswith(name + ".") for name in row):
            return number
    assert module == "tutor" or module.startswith("tutor."), module
    return len(ROWS) - 1


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def top_level_imports(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imports(node)


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_only_from_rooms_below(path):
    module = module_name(path)
    mine = row_of(module)
    for name in imports(ast.parse(path.read_text())):
        if not (name == "tutor" or name.startswith("tutor.")):
            continue
        same_room = name.rpartition(".")[0] == module.rpartition(".")[0] and name.count(".") >= 2
        own_room = row_of(name) == mine and "." in name
        assert row_of(name) > mine or same_room or own_room, f"{module} imports {name}, which is not below it"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_only_the_page_imports_gradio(path):
    module = module_name(path)
    if not module.startswith("tutor.ui"):
        assert not [n for n in imports(ast.parse(path.read_text())) if n.split(".")[0] in ("gradio", "gradio_client")]


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_heavy_libraries_are_imported_inside_functions(path):
    module = module_name(path)
    if module in NETWORKS:
        return
    allowed = ("gradio",) if module.startswith("tutor.ui") else ()
    found = [n for n in top_level_imports(ast.parse(path.read_text())) if n.split(".")[0] in HEAVY or n in NETWORKS]
    assert [n for n in found if n.split(".")[0] not in allowed] == []


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_torch_stays_in_the_rooms_that_compute(path):
    module = module_name(path)
    if not module.startswith(COMPUTING):
        assert not [n for n in imports(ast.parse(path.read_text())) if n.split(".")[0] in ("torch", "transformers")]


@pytest.mark.parametrize("path", [p for p in FILES if p.parent.name == "demos"], ids=module_name)
def test_a_demo_is_complete_in_itself(path):
    assert not [n for n in imports(ast.parse(path.read_text())) if n.startswith("tutor.demos")]


def test_only_settings_reads_the_environment():
    readers = {
        module_name(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    }
    assert readers <= {"tutor.settings"}
