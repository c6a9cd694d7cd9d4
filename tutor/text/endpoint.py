"""A language model behind an OpenAI-compatible server (vLLM, TGI, `transformers serve`), through huggingface_hub."""

from collections.abc import Iterator, Sequence
from typing import Any

from tutor.errors import EndpointError
from tutor.text.base import Message, Options

_TIMEOUT = 60.0
"""Seconds without a byte after which the server counts as gone."""


class EndpointModel:
    """One model of one server. Closing the stream closes the connection, which is how a server is told to stop."""

    def __init__(self, address: str, model: str, key: str = "") -> None:
        from huggingface_hub import InferenceClient

        self.name = model
        self._address = address
        self._client = InferenceClient(base_url=address, api_key=key or "none", timeout=_TIMEOUT)

    def stream(self, messages: Sequence[Message], options: Options = Options()) -> Iterator[str]:
        """Yield the answer piece by piece. Raises EndpointError that says what to check."""
        from httpx2 import HTTPError
        from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError, OfflineModeIsEnabled

        pieces: Any = None
        try:
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
        except InferenceTimeoutError as error:
            raise EndpointError(
                f"{self._address} did not answer in {_TIMEOUT:.0f} seconds. Is it overloaded?"
            ) from error
        except OfflineModeIsEnabled as error:
            raise EndpointError(
                f"HF_HUB_OFFLINE keeps me from asking {self._address} too. Unset it and start again, or unset TUTOR_TEXT_ENDPOINT."
            ) from error
        except HfHubHTTPError as error:
            raise EndpointError(self._refused(error.response.status_code)) from error
        except (HTTPError, OSError, ValueError) as error:
            raise EndpointError(
                f"No chat answer from {self._address}. Start the server, or correct TUTOR_TEXT_ENDPOINT (it ends in /v1)."
            ) from error
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    def _refused(self, status: int) -> str:
        fixes = {
            401: "check TUTOR_TEXT_ENDPOINT_KEY",
            403: "check TUTOR_TEXT_ENDPOINT_KEY",
            404: f"it may not serve {self.name}: check TUTOR_TEXT_MODEL, and that TUTOR_TEXT_ENDPOINT ends in /v1",
            429: "it is busy: wait a little, then try again",
        }
        return f"{self._address} refused with status {status}: {fixes.get(status, 'see its log')}."
