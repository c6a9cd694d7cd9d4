"""A language model behind an OpenAI-compatible server (vLLM, TGI, `transformers serve`), through huggingface_hub."""

from collections.abc import Iterator, Sequence
from typing import Any

from tutor.served import TIMEOUT, Server
from tutor.text.base import Message, Options


class EndpointModel:
    """One model of one server. Closing the stream closes the connection, which is how a server is told to stop."""

    def __init__(self, address: str, model: str, key: str = "") -> None:
        from huggingface_hub import InferenceClient

        self.name = model
        self._server = Server(
            address, model, "TUTOR_TEXT_ENDPOINT", "TUTOR_TEXT_MODEL", "chat answer", "it ends in /v1"
        )
        self._client = InferenceClient(base_url=address, api_key=key or "none", timeout=TIMEOUT)

    def stream(self, messages: Sequence[Message], options: Options = Options()) -> Iterator[str]:
        """Yield the answer piece by piece. Raises EndpointError that says what to check."""
        pieces: Any = None
        try:
            with self._server.asked():
                pieces = self._client.chat_completion(
                    [{"role": m.role, "content": m.content} for m in messages],
                    model=self.name,
                    stream=True,
                    max_tokens=options.max_new_tokens,
                    temperature=options.temperature,
                    seed=options.seed,
                )
                empty = True
                for piece in pieces:
                    empty = False
                    if piece.choices and piece.choices[0].delta.content:
                        yield piece.choices[0].delta.content
                if empty:
                    raise ValueError("no piece of a chat completion")
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
