"""Every setting, in one place: environment variables `TUTOR_*` or the same names in a `.env` file.

The sole reader of the environment and of paths. `python -m tutor settings` prints what is in force.
"""

import os
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tutor.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
"""The clone: prompts/, content/ and models/ stand here."""
PROMPTS = ROOT / "prompts"
MODELS = ROOT / "models"
BUILT_IN = "built-in"
"""The value of `text_model` that means SmolLM2-135M-Instruct with our adapter, and of `image_model` that means our own painter."""


_ON_SPACES = "SPACE_ID" in os.environ
"""There the page must answer from outside; on a learner's machine it must not."""


class Settings(BaseSettings):
    """What can be set. Each field is the variable `TUTOR_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TUTOR_", env_file=".env", extra="ignore", frozen=True)

    text_model: str = Field(
        default=BUILT_IN,
        min_length=1,
        description="built-in, a folder with a causal chat model, or a name on the model hub such as Qwen/Qwen3-0.6B",
    )
    text_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="address of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1; text_model names its model",
    )
    text_endpoint_key: str = Field(default="", description="key for that server, if it wants one")
    image_model: str = Field(
        default=BUILT_IN,
        min_length=1,
        description="built-in, a folder with a diffusers pipeline, or a name on the model hub such as stabilityai/sd-turbo",
    )
    image_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="address of a server of Hugging Face's text-to-image interface, such as http://127.0.0.1:8001/",
    )
    image_endpoint_key: str = Field(default="", description="key for that server, if it wants one")
    image_safety: Literal["on", "off"] = Field(
        default="on", description="whether an image model's own safety checker, where it has one, holds pictures back"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(default="auto", description="where models run")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto", description="number format of the weights"
    )
    content_dir: Path = Field(default=ROOT / "content", description="folder of Markdown lessons")
    cache_dir: Path = Field(
        default=user_cache_path("generative-ai-tutor"), description="folder for what is computed once"
    )
    host: str = Field(
        default="0.0.0.0" if _ON_SPACES else "127.0.0.1",
        min_length=1,
        description="address the page is served on; 0.0.0.0 for every network",
    )
    port: int = Field(default=7860, ge=1, le=65535, description="port the page is served on, 1 to 65535")
    mcp: bool = Field(default=False, description="serve the tools to MCP clients too")

    @field_validator("content_dir", "cache_dir", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        if value == "":  # would be the folder that one happens to stand in
            raise ValueError("name a folder, or unset it")
        return value

    @property
    def shared(self) -> bool:
        """Whether the page serves others than the learner whose machine this is."""
        return _ON_SPACES or not is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@cache
def settings() -> Settings:
    """The settings in force, read once. Raises SettingsError that names the variable and the legal values."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0])
    field = Settings.model_fields.get(name)
    legal = f" ({field.description})" if field is not None and field.description else ""
    wrong = first["msg"].lower().removeprefix("value error, ")
    return f"TUTOR_{name.upper()}={first['input']!r} cannot be used: {wrong}{legal}."


def share_processor() -> None:
    """Let torch's threads sleep while they wait, unless the environment says otherwise; to be called before torch is imported.

    Threads that wait by spinning take the processor from whatever else runs on it, and both take several times as long.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
