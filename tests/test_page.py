"""The web application without a browser: its doors for programs, and the turns that its handlers run."""

import base64
import subprocess
import sys
import threading
import time

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.conftest import ROOT
from tutor.drawing import read_recipe
from tutor.errors import EndpointError, ModelError
from tutor.events import Status
from tutor.loading import State
from tutor.ui.pump import pump
from tutor.ui.status import model_line


@pytest.fixture(scope="module")
def client(served_page):
    client = Client(served_page, verbose=False, analytics_enabled=False)
    yield client
    client.close()


def test_health(served_page):
    health = httpx.get(f"{served_page}/healthz").json()
    assert health == {"status": "ok", "lessons": 17, "model": "ready", "image_model": "ready"}


def test_ask_in_the_api_gives_the_contract(client):
    found = client.predict("what is the discriminator of a gan", api_name="/ask")
    assert found["sources"][0]["id"].startswith("gan#")
    assert found["sentences"][0]["text"] in found["answer"]
    assert set(found) == {"question", "intent", "refused", "answer", "sentences", "sources", "written_by", "seconds"}
    assert client.predict("what does a mortgage cost", api_name="/ask")["refused"] is True


@pytest.mark.parametrize("message", ["", "   ", "\x00", "x" * 4001, "y" * 1_000_000])
def test_bad_input_in_the_api_is_one_line_that_names_the_fix(client, message):
    with pytest.raises(Exception, match=r"Type a question|Shorten it") as caught:
        client.predict(message, api_name="/ask")
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("message", [None, 5, True, ["what is a GAN"]])
def test_what_is_no_text_is_told(client, message):
    with pytest.raises(Exception, match="Send the question as text"):
        client.predict(message, api_name="/ask")


def test_paint_in_the_api_gives_a_file_that_repeats_itself(client, tmp_path):
    found = client.predict("a red apple on a blue background", 7, 4, api_name="/paint")
    assert (found["seed"], found["steps"], found["prompt"]) == (7, 4, "a red apple on a blue background")
    path = tmp_path / "apple.png"
    path.write_bytes(base64.b64decode(found["png"]))
    assert read_recipe(path).seed == 7
    assert client.predict("a red apple on a blue background", 7, 4, api_name="/paint")["png"] == found["png"]


def test_demo_in_the_api_gives_frames_and_the_same_numbers_again(client):
    frames = list(client.submit("evaluation", {"pictures": 50}, 3, api_name="/demo"))
    assert len(frames) >= 2
    assert [frame["share"] for frame in frames][-1] == 1
    assert base64.b64decode(frames[-1]["png"]).startswith(b"\x89PNG")
    assert client.predict("evaluation", {"pictures": 50}, 3, api_name="/demo")["numbers"] == frames[-1]["numbers"]


@pytest.mark.parametrize(
    ("name", "settings", "seed", "said"),
    [
        ("nosuch", {}, 0, "There is no demo 'nosuch'. There are: apples-and-oranges"),
        ("gan", {"nosuch": 1}, 0, "has no parameter 'nosuch'. It has: "),
        ("gan", {"steps": "many"}, 0, "steps is a number from"),
        ("gan", [1], 0, "its settings as an object"),
        ("gan", {}, 0.5, "Send the seed as a whole number"),
        ("gan", {}, -1, "The seed goes from 0 to"),
        ("gan", {}, 2**64, "The seed goes from 0 to"),
        (7, {}, 0, "Send the name of a demo as text"),
    ],
)
def test_bad_input_to_demo_is_one_line_that_names_the_fix(client, name, settings, seed, said):
    with pytest.raises(AppError) as error:
        client.predict(name, settings, seed, api_name="/demo")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("prompt", "seed", "steps"),
    [
        ("", 1, 4),
        ("x" * 10_000, 1, 4),
        ("a dog", -1, 4),
        ("a dog", 1, 10**6),
        (None, 1, 4),
        (7, 1, 4),
        ("a dog", 1.5, 4),
        ("a dog", True, 4),
        ("a dog", 1, "x"),
        ("a dog", 1, 2.5),
    ],
)
def test_bad_input_to_paint_is_one_line_that_names_the_fix(client, prompt, seed, steps):
    with pytest.raises(Exception, match=r"Name a thing|Shorten it|choose|as text|whole number") as caught:
        client.predict(prompt, seed, steps, api_name="/paint")
    assert "Traceback" not in str(caught.value)


def test_only_these_are_doors_for_programs(client):
    assert list(client.view_api(return_format="dict")["named_endpoints"]) == ["/ask", "/paint", "/demo"]


def test_it_is_a_tool_of_mcp_clients(served_page):
    tools = httpx.get(f"{served_page}/gradio_api/mcp/schema").json()
    assert [tool["name"].rpartition("_")[2] for tool in tools] == ["ask", "paint", "demo"]
    assert "with sources" in tools[0]["description"]


def test_the_page_asks_for_nothing_from_elsewhere(served_page):
    html = httpx.get(served_page).text
    for foreign in ("googleapis", "gstatic", "cdnjs", "jsdelivr", "unpkg", "api.gradio.app"):
        assert foreign not in html


@pytest.mark.parametrize(
    "path",
    [
        "/course/figures/../../pyproject.toml",
        "/course/figures/%2e%2e/%2e%2e/pyproject.toml",
        "/gradio_api/file=/etc/passwd",
    ],
)
def test_no_file_beyond_the_figures_is_served(served_page, path):
    assert httpx.get(served_page + path).status_code in (403, 404)


# In a process of its own, because gradio leaves an event loop behind.
PICKERS = """
from tutor.settings import Settings
from tutor.turn import Tutor
from tutor.ui.app import build

for host in ("127.0.0.1", "0.0.0.0"):
    chosen = Settings(host=host)
    page = build(Tutor.of(chosen), chosen.shared).get_config_file()
    names = {part["id"]: part["props"].get("elem_id") for part in page["components"]}
    print(sorted(name for name in names.values() if name in ("picker", "painter-picker", "model-state", "painter-state")))
    print(sorted(names.get(at) for one in page["dependencies"] for at, _ in one["targets"] if "picker" in str(names.get(at))))
"""


def test_only_on_the_learners_own_machine_a_model_can_be_chosen():
    done = subprocess.run([sys.executable, "-c", PICKERS], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    own, shown, *shared = done.stdout.splitlines()
    assert own == str(["model-state", "painter-picker", "painter-state", "picker"])
    assert shown == str(["painter-picker", "picker"])
    assert shared == [str(["model-state", "painter-state"]), "[]"]


def test_a_model_that_failed_does_not_hide_which_one_answers():
    failed = State("failed", "x/y", detail="the built-in one", error=ModelError("x/y could not be fetched."))
    assert model_line(failed) == "<p>Answers are written by the built-in one. x/y could not be fetched.</p>"


def slowly(seconds):
    yield Status("searching")
    time.sleep(seconds)
    yield Status("writing")


def test_stop_is_noticed_while_the_next_event_is_on_its_way():
    stop, events = threading.Event(), pump(slowly(5), threading.Event())
    events.close()
    events = pump(slowly(5), stop)
    assert next(events) is None  # the work has begun
    assert next(event for event in events if event) == Status("searching")
    started = time.monotonic()
    stop.set()
    assert [event for event in events if event] == []
    assert time.monotonic() - started < 2  # far below the five seconds of the event that it does not wait for


def test_an_error_in_the_worker_reaches_the_caller():
    def broken():
        yield Status("searching")
        raise EndpointError("gone")

    events = pump(broken(), threading.Event())
    assert next(e for e in events if e) == Status("searching")
    with pytest.raises(EndpointError, match="gone"):
        list(events)


def test_closing_reaches_the_model():
    closed = threading.Event()

    def endless():
        try:
            while True:
                time.sleep(0.01)
                yield Status("writing")
        finally:
            closed.set()

    events = pump(endless(), threading.Event())
    next(events)
    events.close()
    assert closed.wait(5)


def test_three_callers_at_once_get_their_own_answers(served_page):
    questions = {"what is a GAN": "GAN", "what is an autoencoder": "autoencoder", "what is a VAE": "VAE"}
    clients = {question: Client(served_page, verbose=False, analytics_enabled=False) for question in questions}
    jobs = {question: client.submit(question, api_name="/ask") for question, client in clients.items()}
    found = {question: job.result(60) for question, job in jobs.items()}
    for client in clients.values():
        client.close()
    for question, name in questions.items():
        assert found[question]["question"] == question
        assert name in found[question]["answer"]
