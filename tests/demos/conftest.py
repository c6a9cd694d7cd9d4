"""Running one demo: `play("gan", seed=1, steps=50)` gives its frames; `tools` are the tutor's real parts, loaded when first asked for."""

import pytest

from tutor.catalogue import checked, demo_named
from tutor.settings import Settings
from tutor.workbench.demo import Values


class Workshop:
    """The shipped models, as the tutor hands them to demos."""

    def __init__(self, tutor):
        self._tutor = tutor

    @property
    def course(self):
        return self._tutor.course

    def text(self):
        return self.local()

    def local(self):
        loader = self._tutor.loader
        if loader.model() is None:
            loader.start()
            while loader.wait(0.5).stage not in ("ready", "failed"):
                pass
        return loader.model()

    def painter(self):
        from tutor.image.local import built_in_painter

        return built_in_painter()

    def answerer(self):
        return self._tutor.warm()


@pytest.fixture(scope="session")
def tools():
    from tutor.image.loading import ImageLoader
    from tutor.text.loading import TextLoader
    from tutor.turn import Tutor

    chosen = Settings()
    return Workshop(Tutor(chosen.content_dir, chosen.cache_dir, TextLoader(chosen), ImageLoader(chosen)))


@pytest.fixture
def play(tools):
    def start(name, seed=0, dark=False, **wanted):
        demo = demo_named(name)
        return list(demo.run(Values(checked(demo, wanted), tools, dark), seed))

    return start
