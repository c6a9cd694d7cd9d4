"""Every error that a learner, a teacher or a caller can meet. Each message names the fix.

TutorError                  exit code 1
├── InputError              exit code 2: what was typed or sent cannot be used
├── SettingsError           exit code 2: a TUTOR_* variable has a wrong value
├── CourseError             exit code 2: a lesson is broken; names file and line
├── ModelError              a model cannot be loaded or run
│   ├── WeightsError        the weights on disk are missing or not the ones that were pinned
│   ├── DownloadError       the model hub did not give the model; `cause` says why
│   └── EndpointError       a served model did not answer
└── StorageError            the disk is full or cannot be written
"""

from pathlib import Path
from typing import Literal

DownloadCause = Literal["offline", "gated", "missing", "busy", "disk full", "broken"]


class TutorError(Exception):
    """Base of all; `str(error)` is one line fit for a learner."""

    exit_code = 1


class InputError(TutorError):
    """A message, option or file that cannot be used."""

    exit_code = 2


class SettingsError(TutorError):
    """A setting with a wrong value; names the variable and the legal values."""

    exit_code = 2


class CourseError(TutorError):
    """A broken lesson. `path` and 1-based `line` say where; what is wrong with a whole folder has no line."""

    exit_code = 2

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}" if path.is_file() else f"{path}: {message}")

        self.path = path
        self.line = line


class ModelError(TutorError):
    """A model that cannot be loaded or run."""


class WeightsError(ModelError):
    """Weights on disk that are missing or not the pinned ones."""


class DownloadError(ModelError):
    """The hub did not give the model."""

    def __init__(self, message: str, cause: DownloadCause) -> None:
        super().__init__(message)
        self.cause: DownloadCause = cause


class EndpointError(ModelError):
    """A served model that did not answer."""


class StorageError(TutorError):
    """The disk is full or cannot be written."""


def first_line(error: BaseException) -> str:
    """What a library's error says, fit for the middle of a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
