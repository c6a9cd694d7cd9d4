"""The components that the chat's handlers update, and the updates that several of them make."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import gradio as gr

from tutor.ui.records import Conversation
from tutor.ui.render import messages, opinions

Update = dict[Any, Any]
"""Component -> its new value, or an update of gradio."""
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""How a handler is bound that shows its own progress, if any, and is no endpoint for programs."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The chat, the composer and what stands around them."""

    chatbot: Any
    composer: Any
    send: Any
    stop: Any
    stage: Any
    store: Any
    file: Any
    remove: Any
    back: Any

    @classmethod
    def of(cls, components: Mapping[str, Any]) -> Self:
        """These among all components of the page, by name."""
        return cls(**{field.name: components[field.name] for field in fields(cls)})

    @property
    def of_file(self) -> list[Any]:
        """What changes when a file is added or removed."""
        return [self.file, self.remove, self.stage, self.stop, self.send]

    @property
    def of_turn(self) -> list[Any]:
        """What changes while a question is answered."""
        return [self.chatbot, self.composer, self.send, self.stop, self.stage, self.store, self.back]


def shown_if(seen: bool) -> Any:
    """Update of a component that comes and goes. It stays mounted, so that no click meets a button that gradio has only just added."""
    return gr.update(visible=True if seen else "hidden")


def chat_update(conversation: Conversation) -> Any:
    """Update of the chat: every message, and what the learner thought of it."""
    return gr.update(value=messages(conversation), feedback_value=opinions(conversation))


def turn_number(index: Any) -> int:
    """Of which turn, from 0, a message is. `index` is its place in the chat, as gradio names it; a turn has two messages."""
    return int(index[0] if isinstance(index, list | tuple) else index) // 2
