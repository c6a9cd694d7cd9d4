"""The shipped painter's own pipeline, for demos that look at its networks."""

from typing import TYPE_CHECKING

from tutor.workbench.demo import Tools

if TYPE_CHECKING:
    from tutor.image.pipeline import PainterPipeline


def own_pipeline(tools: Tools) -> "PainterPipeline":
    """That of the model in use where it is the built-in painter, otherwise the built-in one's. Loading it takes a second, once.

    Its networks serve everybody: whoever changes weights copies them first. Raises WeightsError.
    """
    from tutor.image.local import BuiltInPainter, built_in_painter

    painter = tools.painter()
    if not isinstance(painter, BuiltInPainter):
        painter = built_in_painter()
    with painter._lock:
        return painter._loaded()
