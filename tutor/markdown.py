"""Markdown -> sections and the chunks of text in them: the rules by which lessons are read, and a learner's own Markdown too.

A chunk is a paragraph, a list with the sentence that introduces it, a table, or a note, as plain text of at most about 120 words that keeps
`$…$` maths. Display maths and figures stay in the section's Markdown.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from tutor.sentences import split_sentences

LONGEST_PASSAGE = 120
"""Words; a longer paragraph is cut between sentences."""
_REFERENCES = "sources"
"""Slug of the section that lists references: shown, never searched."""
_INTRODUCED = ("bullet_list", "ordered_list", "table")
"""Blocks that belong to the sentence before them when it ends with a colon."""


@dataclass(frozen=True)
class Chunk:
    """Plain text, to become a passage, and the Markdown that it comes from."""

    text: str
    markdown: str


@dataclass(frozen=True)
class MarkdownSection:
    """What stands under one heading, whoever's Markdown it is."""

    slug: str
    heading: str
    markdown: str
    chunks: tuple[Chunk, ...]


def slugify(heading: str) -> str:
    """Lower case; each run of characters other than a-z and 0-9 becomes one hyphen."""
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") or "section"


def syntax_tree(source: str) -> SyntaxTreeNode:
    """The nodes of Markdown, as it is read here."""
    return SyntaxTreeNode(_parser().parse(source))


def split_sections(tree: SyntaxTreeNode, source: str, title: str) -> Iterator[MarkdownSection]:
    """The sections of `source`, whose nodes are `tree`, without front matter; what stands before the first heading is headed `title`."""
    lines = source.splitlines()
    taken: set[str] = set()
    for heading, group in _by_heading(title, [node for node in tree.children if node.type != "front_matter"]):
        if not group:
            continue
        slug = slugify(heading)
        while slug in taken:
            slug += "-again"
        taken.add(slug)
        chunks = () if slug == _REFERENCES else tuple(_chunks(lines, group))
        yield MarkdownSection(slug, heading, _source(lines, group), chunks)


def _parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark").enable("table")
    return markdown.use(front_matter_plugin).use(dollarmath_plugin, double_inline=True)


def _by_heading(title: str, nodes: Sequence[SyntaxTreeNode]) -> Iterator[tuple[str, list[SyntaxTreeNode]]]:
    heading, group = title, list[SyntaxTreeNode]()
    for node in nodes:
        if node.type == "heading":
            yield heading, group
            heading, group = _plain(node), []
        else:
            group.append(node)
    yield heading, group


def _chunks(lines: list[str], nodes: Sequence[SyntaxTreeNode]) -> Iterator[Chunk]:
    for group in _blocks(nodes):
        text = "\n".join(filter(None, (_block_text(node) for node in group)))
        markdown = _source(lines, group)
        yield from (Chunk(part, markdown) for part in _cut(text))


def _blocks(nodes: Sequence[SyntaxTreeNode]) -> Iterator[list[SyntaxTreeNode]]:
    """Group what belongs together: display maths with the text before it, a list or table with its introduction."""
    group: list[SyntaxTreeNode] = []
    for node in nodes:
        introduced = bool(group) and node.type in _INTRODUCED and _block_text(group[-1]).endswith(":")
        if group and not introduced and not node.type.startswith("math"):
            yield group
            group = []
        group.append(node)
    if group:
        yield group


def _block_text(node: SyntaxTreeNode) -> str:
    """Plain text of a block; one line for each list item and table row; empty for figures, display maths and HTML."""
    if node.type == "paragraph":
        return _plain(node)
    if node.type == "blockquote":
        text = "\n".join(filter(None, map(_block_text, node.children)))
        return re.sub(r"^Note[.:]\s*", "", text)
    if node.type in ("bullet_list", "ordered_list"):
        return "\n".join(filter(None, (_item(child) for child in node.children)))
    if node.type == "table":
        return _table_text(node)
    return ""


def _item(node: SyntaxTreeNode) -> str:
    text = " ".join(filter(None, (_block_text(child).replace("\n", " ") for child in node.children)))
    return text if not text or text[-1] in ".!?:" else text.rstrip(";,") + "."


def _table_text(node: SyntaxTreeNode) -> str:
    rows = [[_plain(cell) for cell in row.children] for part in node.children for row in part.children]
    head, *body = rows
    return "\n".join(_row_text(head, row) for row in body)


def _row_text(head: list[str], row: list[str]) -> str:
    named = (f"{name}: {cell}" if name else cell for name, cell in zip(head[1:], row[1:], strict=False) if cell)
    return f"{row[0]} — {'; '.join(named)}."


def _plain(node: SyntaxTreeNode) -> str:
    """Inline text without marks; inline maths keeps its dollars; images vanish."""
    if node.type in ("text", "code_inline"):
        return node.content
    if node.type == "math_inline":
        return f"${node.content}$"
    if node.type in ("softbreak", "hardbreak"):
        return " "
    if node.type == "image":
        return ""
    return (
        "".join(map(_plain, node.children)).strip() if node.type == "paragraph" else "".join(map(_plain, node.children))
    )


def _cut(text: str) -> Iterator[str]:
    part: list[str] = []
    words = 0
    for line in text.splitlines():
        for position, sentence in enumerate(split_sentences(line)):
            size = len(sentence.split())
            if part and words + size > LONGEST_PASSAGE:
                yield "".join(part).strip()
                part, words = [], 0
            part.append(("\n" if position == 0 else " ") + sentence)
            words += size
    if part:
        yield "".join(part).strip()


def _source(lines: list[str], nodes: Sequence[SyntaxTreeNode]) -> str:
    spans = [node.map for node in nodes if node.map]
    return "\n".join(lines[spans[0][0] : spans[-1][1]]).strip() if spans else ""
