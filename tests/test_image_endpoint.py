"""An image model behind a server of Hugging Face's text-to-image interface: a small real one on loopback, and ones that misbehave."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
from PIL import Image

from tutor.drawing import Drawer
from tutor.errors import EndpointError, InputError
from tutor.events import Choices, Picture, Text
from tutor.image.base import ImageModel, PaintOptions
from tutor.image.endpoint import EndpointPainter
from tutor.request import PictureRequest

OFFLINE = "huggingface_hub.constants.HF_HUB_OFFLINE"


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """The switch that cuts off the hub does not cut off servers on this machine."""
    monkeypatch.setattr(OFFLINE, True)


def png(seed=0):
    file = BytesIO()
    Image.new("RGBA", (8, 8), (seed % 256, 0, 0, 255)).save(file, "PNG")
    return file.getvalue()


class Server:
    """Answers with `status` and `body`, by default a picture whose color is the seed; keeps what it was asked."""

    def __init__(self, status=200, body=None, wait=0.0):
        self.asked, self.keys = [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append(asked)
                outer.keys.append(self.headers["Authorization"])
                time.sleep(wait)
                data = png(asked["parameters"]["seed"]) if body is None else body
                self.send_response(status)
                self.send_header("Content-Type", "image/png")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/paint"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def serving():
    servers = []

    def start(*arguments, **options):
        servers.append(Server(*arguments, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def painted(painter, **options):
    return [s for s in painter.paint("a dog", PaintOptions(**options)) if s.number]


def test_one_picture_a_seed_is_asked_for(serving):
    server = serving()
    painter = EndpointPainter(server.address, "some/model", "secret")
    assert isinstance(painter, ImageModel)
    (step,) = painted(painter, seeds=(3, 4), steps=7, guidance=2.5, negative="cats")
    assert [p.getpixel((0, 0)) for p in step.pictures] == [(3, 0, 0), (4, 0, 0)]
    parameters = {"negative_prompt": "cats", "num_inference_steps": 7, "guidance_scale": 2.5}
    assert server.asked == [{"inputs": "a dog", "parameters": {**parameters, "seed": seed}} for seed in (3, 4)]
    assert set(server.keys) == {"Bearer secret"}


def test_what_the_learner_did_not_say_is_left_to_the_server(serving):
    server = serving()
    drawer = Drawer(EndpointPainter(server.address, "some/model"), None)
    events = list(drawer.draw("draw a dog", PictureRequest("a dog", (3,))))
    assert server.asked == [{"inputs": "a dog", "parameters": {"seed": 3}}]
    picture = next(e for e in events if isinstance(e, Picture))
    assert (picture.recipes[0].steps, picture.recipes[0].guidance, picture.strip) == (None, None, None)
    assert next(e for e in events if isinstance(e, Text)).markdown == "Seed 3."
    assert "More steps" not in [c.label for e in events if isinstance(e, Choices) for c in e.items]
    with pytest.raises(InputError, match="Say a number"):
        list(drawer.draw("more steps", PictureRequest("a dog", (3,), longer=2)))


def test_a_reader_who_left_is_noticed_while_the_server_paints(serving):
    server = serving(wait=3)
    steps = EndpointPainter(server.address, "some/model").paint("a dog", PaintOptions((1, 2)))
    assert next(steps).number == 0
    started = time.monotonic()
    steps.close()
    assert time.monotonic() - started < 2
    assert len(server.asked) <= 1


def test_options_out_of_range_never_reach_the_server(serving):
    server = serving()
    with pytest.raises(InputError, match="choose 1 to 50"):
        painted(EndpointPainter(server.address, "x"), steps=0)
    assert server.asked == []


def test_the_switch_that_forbids_requests_is_named():
    with pytest.raises(EndpointError, match="Unset it and start again, or unset TUTOR_IMAGE_ENDPOINT"):
        painted(EndpointPainter("http://192.0.2.1/", "x"))


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (401, "TUTOR_IMAGE_ENDPOINT_KEY"),
        (403, "TUTOR_IMAGE_ENDPOINT_KEY"),
        (404, "TUTOR_IMAGE_MODEL"),
        (429, "wait"),
        (500, "log"),
    ],
)
def test_a_refusal_says_what_to_check(serving, status, fix):
    with pytest.raises(EndpointError, match=fix):
        painted(EndpointPainter(serving(status, b"{}").address, "x"))


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"", png()[:40]])
def test_what_is_no_picture_is_told(serving, body):
    with pytest.raises(EndpointError, match=r"No picture from .*TUTOR_IMAGE_ENDPOINT"):
        painted(EndpointPainter(serving(body=body).address, "x"))


def test_nobody_there_is_an_error_that_names_the_address():
    with pytest.raises(EndpointError, match=r"No picture from http://127.0.0.1:9/.*TUTOR_IMAGE_ENDPOINT"):
        painted(EndpointPainter("http://127.0.0.1:9/", "x"))
