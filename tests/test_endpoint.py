"""A language model behind an OpenAI-compatible server: a real `transformers serve` with the built-in model, and servers that misbehave."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tutor.errors import EndpointError
from tutor.settings import BUILT_IN, Settings
from tutor.text.base import Message, Options, TextModel
from tutor.text.endpoint import EndpointModel
from tutor.text.loading import TextLoader
from tutor.weights import built_in_folder

OFFLINE = "huggingface_hub.constants.HF_HUB_OFFLINE"
CHAT = (Message("user", "What is the capital of France?"),)


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """The switch that cuts off the hub does not cut off servers on this machine."""
    monkeypatch.setattr(OFFLINE, True)


@pytest.mark.parametrize("address", ["http://192.0.2.1/v1", "http://models.example/v1"])
def test_the_switch_that_forbids_requests_is_named(address):
    with pytest.raises(EndpointError, match="Unset it and start again"):
        list(EndpointModel(address, "any").stream(CHAT, Options()))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(address, model) of a server process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = str(built_in_folder())
    log = tmp_path_factory.mktemp("serve") / "log"
    with log.open("w") as out:
        server = subprocess.Popen(
            [
                Path(sys.executable).with_name("transformers"),
                "serve",
                folder,
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/health", timeout=1).close()
                break
            except OSError:
                assert server.poll() is None, log.read_text()
                time.sleep(0.5)
        yield f"{address}/v1", folder
    finally:
        server.terminate()
        server.wait(20)


def test_a_real_server_streams_an_answer(served):
    model = EndpointModel(*served)
    assert isinstance(model, TextModel)
    pieces = list(model.stream(CHAT, Options(max_new_tokens=24)))
    assert len(pieces) > 2
    assert len("".join(pieces).split()) > 2


def test_closing_the_stream_frees_the_server_for_the_next(served):
    model = EndpointModel(*served)
    stream = model.stream(CHAT, Options(max_new_tokens=400))
    assert next(stream)
    stream.close()
    assert "".join(model.stream(CHAT, Options(max_new_tokens=4)))


def test_the_settings_lead_to_it(served):
    address, name = served
    loader = TextLoader(Settings(text_endpoint=address, text_model=name))
    loader.start()
    state = loader.wait(20)
    assert (state.stage, state.detail) == ("ready", f"at {address}")
    assert "".join(loader.model().stream(CHAT, Options(max_new_tokens=4)))
    loader.choose(BUILT_IN)
    assert loader.wait(60).detail == "on this machine"


def test_nobody_there_is_an_error_that_names_the_address():
    with pytest.raises(EndpointError, match=r"No chat answer from http://127.0.0.1:9/v1.*TUTOR_TEXT_ENDPOINT"):
        list(EndpointModel("http://127.0.0.1:9/v1", "any").stream(CHAT))


@pytest.fixture
def misbehaving():
    """Start a server that answers each request with `status` and `body`, then breaks the connection off."""
    servers = []

    def start(status, body=b"{}", kind="application/json", length=None):
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(length or len(body)))
                self.end_headers()
                self.wfile.write(body)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (401, "TUTOR_TEXT_ENDPOINT_KEY"),
        (403, "TUTOR_TEXT_ENDPOINT_KEY"),
        (404, "TUTOR_TEXT_MODEL"),
        (429, "wait"),
        (500, "log"),
    ],
)
def test_a_refusal_says_what_to_check(misbehaving, status, fix):
    with pytest.raises(EndpointError, match=fix):
        list(EndpointModel(misbehaving(status), "any").stream(CHAT))


def test_an_answer_that_is_no_answer(misbehaving):
    with pytest.raises(EndpointError):
        list(EndpointModel(misbehaving(200, b"<html>hello</html>", "text/html"), "any").stream(CHAT))


def test_a_stream_that_breaks_off_keeps_what_came(misbehaving):
    piece = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Paris"}}], "id": "1", "created": 1}
    piece |= {"model": "any", "object": "chat.completion.chunk", "system_fingerprint": ""}
    body = b"data: " + json.dumps(piece).encode() + b"\n\n"
    said = []
    with pytest.raises(EndpointError):
        said += iter(EndpointModel(misbehaving(200, body, "text/event-stream", 10_000), "any").stream(CHAT))
    stream = EndpointModel(misbehaving(200, body, "text/event-stream", 10_000), "any").stream(CHAT)
    assert next(stream) == "Paris"
    stream.close()
