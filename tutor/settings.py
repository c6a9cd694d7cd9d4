"""Every setting, in one place: environment variables `TUTOR_*` or the same names in a `.env` file.

The sole reader of the environment and of paths. `python -m tutor settings` prints what is in force.
"""

import os
from functools import cache
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tutor.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
"""The clone: prompts/, content/ and models/ stand here."""
PROMPTS = ROOT / "prompts"
MODELS = ROOT / "models"
BUILT_IN = "built-in"
"""The value of `text_model` that means SmolLM2-135M-Instruct with our adapter."""


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
        description="address the page is served on; 0.0.0.0 for every network",
    )
    port: int = Field(default=7860, ge=1, le=65535, description="port the page is served on, 1 to 65535")
    mcp: bool = Field(default=False, description="serve the tools to MCP clients too")


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
    return f"TUTOR_{name.upper()}={first['input']!r} cannot be used: {first['msg'].lower()}{legal}."
