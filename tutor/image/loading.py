"""Which image model paints: the built-in painter, a pipeline of a folder or of the hub, or a served one."""

from pathlib import Path

from tutor.hub import download_pipeline
from tutor.image.base import ImageModel
from tutor.image.local import built_in_painter
from tutor.loading import Loader, Report
from tutor.settings import BUILT_IN, Settings


class ImageLoader(Loader[ImageModel]):
    """Loads image models; the built-in painter paints until another is ready."""

    def __init__(self, settings: Settings) -> None:
        address = settings.image_endpoint
        named = settings.image_model != BUILT_IN
        self._served = (settings.image_model if named else address) if address else None
        super().__init__(self._served or settings.image_model, built_in_painter())
        self._settings = settings

    def _open(self, name: str, report: Report) -> ImageModel:
        if name == BUILT_IN:
            return built_in_painter()
        if self._settings.image_endpoint and name == self._served:
            from tutor.image.endpoint import EndpointPainter

            return EndpointPainter(self._settings.image_endpoint, name, self._settings.image_endpoint_key)
        from tutor.image.latent import CHECKER, LatentPainter

        safe = self._settings.image_safety == "on"
        if Path(name).is_dir():
            folder = Path(name)
        else:
            folder = download_pipeline(name, () if safe else (CHECKER,), lambda share: report("downloading", share))
        report("loading", None)
        return LatentPainter(folder, name, self._settings.device, self._settings.dtype, safe)

    def _place(self, name: str) -> str:
        return f"at {self._settings.image_endpoint}" if name == self._served else "on this machine"
