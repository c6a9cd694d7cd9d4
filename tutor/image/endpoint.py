"""An image model behind a server of Hugging Face's text-to-image interface (an Inference Endpoint, `hf-serve`), through huggingface_hub.

The server says nothing before a picture is finished, so there are no steps to see; Stop leaves it to finish the picture at hand alone.
"""

import threading
from collections.abc import Callable, Iterator

from tutor.image.background import steps_of
from tutor.image.base import Defaults, ImageStep, PaintOptions, check
from tutor.served import TIMEOUT, Server


class EndpointPainter:
    """One model of one server. Steps and guidance are the server's own unless they are asked for."""

    defaults: Defaults | None = None

    def __init__(self, address: str, model: str, key: str = "") -> None:
        from huggingface_hub import InferenceClient

        self.name = model
        self._server = Server(
            address,
            model,
            "TUTOR_IMAGE_ENDPOINT",
            "TUTOR_IMAGE_MODEL",
            "picture",
            "it is the whole address, path included",
        )
        self._client = InferenceClient(base_url=address, api_key=key or "none", timeout=TIMEOUT)

    def paint(self, prompt: str, options: PaintOptions) -> Iterator[ImageStep]:
        """One step, of finished pictures. Raises InputError, EndpointError that says what to check."""
        check(options)

        def work(report: Callable[[ImageStep], None], stop: threading.Event) -> None:
            pictures = []
            for seed in options.seeds:
                if stop.is_set():
                    return
                with self._server.asked():
                    picture = self._client.text_to_image(
                        prompt,
                        negative_prompt=options.negative or None,
                        num_inference_steps=options.steps,
                        guidance_scale=options.guidance,
                        seed=seed,
                    )
                    pictures.append(picture.convert("RGB"))
            report(ImageStep(1, 1, tuple(pictures), tuple(pictures)))

        return steps_of(work)
