"""The tutor's own parts, as demos borrow them."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from tutor.answer import Answerer
from tutor.course import Course
from tutor.errors import ModelError
from tutor.image.base import ImageModel
from tutor.loading import Loader
from tutor.text.base import TextModel
from tutor.text.loading import BUILT_IN_NAME
from tutor.weights import built_in_folder

if TYPE_CHECKING:
    from tutor.text.local import LocalModel


class Toolbox:
    """See `tutor.workbench.demo.Tools`."""

    def __init__(
        self, course: Course, loader: Loader[TextModel], painters: Loader[ImageModel], answerer: Callable[[], Answerer]
    ) -> None:
        self.course = course
        self._loader = loader
        self._painters = painters
        self.answerer = answerer

    def text(self) -> TextModel:
        """The language model in use; waits for it. Raises ModelError."""
        model = self._loader.model()
        if model is None:
            if self._loader.state().stage == "waiting":  # on the command line nobody has begun
                self._loader.start()
            self._loader.wait(60)
            model = self._loader.model()
        if model is None:
            raise ModelError("The language model is not ready yet. Wait a little, then run the demo again.")
        return model

    def local(self) -> "LocalModel":
        from tutor.text.local import LocalModel

        model = self.text()
        return model if isinstance(model, LocalModel) else _built_in()

    def painter(self) -> ImageModel:
        model = self._painters.model()
        if model is None:
            raise ModelError("No image model is ready yet. Wait a little, then run the demo again.")
        return model


@cache
def _built_in() -> "LocalModel":
    """Beside a served model, whose insides cannot be seen."""
    from tutor.text.local import LocalModel

    return LocalModel(built_in_folder(), BUILT_IN_NAME)
