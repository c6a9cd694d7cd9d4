"""YAML whose mappings remember their lines, so that what is wrong in a file of the course can be named with file and line.

A key that stands twice in one mapping is an error, where plain YAML would silently keep the last.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tutor.errors import CourseError


class Lined(dict[str, Any]):
    """A mapping; `line` is where it begins, `lines` where each key stands, both from 1."""

    line: int = 1
    lines: dict[str, int]


class LinedList(list[Any]):
    """A list; `lines` is where each item begins, from 1."""

    lines: list[int]


def read_yaml(path: Path) -> Any:
    """The values of the file, its mappings as Lined, its lists as LinedList. Raises CourseError with the line."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise CourseError(path, line, "not UTF-8 text; save the file as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CourseError(path, line, f"not YAML: {error.problem}; quote a text that holds a colon") from None
    except (yaml.YAMLError, RecursionError):
        raise CourseError(path, 1, "not YAML; it holds characters or a depth that YAML does not allow") from None


def line_of(value: Any, place: Sequence[str | int], line: int = 1) -> int:
    """The line of what stands at `place` in `value`, or of the nearest thing on the way there."""
    for step in place:
        if isinstance(value, Lined):
            line = value.lines.get(str(step), value.line)
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            line = value.lines[step] if isinstance(value, LinedList) else line
            value = value[step]
    return line


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """PyYAML's safe loader, in C where that was built."""


def _mapping(loader: Any, node: yaml.MappingNode) -> Lined:
    found = Lined()
    found.line, found.lines = node.start_mark.line + 1, {}
    for key_node, value_node in node.value:
        key = str(loader.construct_object(key_node, deep=True))
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"'{key}' stands twice", key_node.start_mark)
        found.lines[key] = key_node.start_mark.line + 1
        found[key] = loader.construct_object(value_node, deep=True)
    return found


def _list(loader: Any, node: yaml.SequenceNode) -> LinedList:
    found = LinedList(loader.construct_object(item, deep=True) for item in node.value)
    found.lines = [item.start_mark.line + 1 for item in node.value]
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_SEQUENCE_TAG, _list)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
