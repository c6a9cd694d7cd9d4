"""Language models by folder, by name from a hub on loopback, and the built-in one when they cannot be had: through the app's loader."""

import os
import time

import pytest

from tests.hub import driven, serve
from tutor.errors import ModelError
from tutor.loading import State, progress
from tutor.settings import Settings
from tutor.text.base import Message, Options
from tutor.text.loading import BUILT_IN_NAME, TextLoader

DRIVER = """
import json, sys, time
from tutor.settings import settings
from tutor.text.base import Message, Options
from tutor.text.loading import TextLoader
loader = TextLoader(settings())
for name in sys.argv[1:]:
    loader.choose(name)
    shares = []
    while loader.state().stage not in ("ready", "failed"):
        if loader.state().stage == "downloading":
            shares.append(loader.state().share)
        time.sleep(0.001)
    state, model = loader.state(), loader.model()
    "".join(model.stream((Message("user", "Hello"),), Options(max_new_tokens=3)))
    cause = getattr(state.error, "cause", None)
    print(json.dumps([state.stage, cause, str(state.error or ""), model.name, shares, state.detail]))
"""


def load(names, address, home, **environment):
    """For each name: stage, cause, error, name of the model that serves, shares of the download seen, detail."""
    printed, errors = driven(DRIVER, names, address, home, **environment)
    assert "Traceback" not in errors, errors
    return printed


def test_a_model_comes_whole_from_the_hub_and_goes_on_serving_when_others_are_refused(tiny_model, tmp_path):
    refuse = {
        "some/gated": (401, "GatedRepo"),
        "some/private": (403, "GatedRepo"),
        "some/absent": (404, "RepoNotFound"),
        "some/busy": (429, ""),
    }
    with serve(tiny_model, refuse=refuse) as hub:
        whole, *refused = load(["someone/tiny", *refuse], hub.address, tmp_path)
    stage, _, error, name, shares, detail = whole
    assert (stage, name, detail) == ("ready", "someone/tiny", "on this machine"), error
    seen = [share for share in shares if share]
    assert seen
    assert seen == sorted(seen)
    for asked, cause, (stage, found, error, name, *_) in zip(
        refuse, ["gated", "gated", "missing", "busy"], refused, strict=True
    ):
        assert (stage, found, name) == ("failed", cause, "someone/tiny"), error
        assert asked in error


def test_a_download_that_breaks_off_goes_on_where_it_was(tiny_model, tmp_path):
    with serve(tiny_model, cut=1) as hub:
        ((stage, _, error, name, *_),) = load(["someone/tiny"], hub.address, tmp_path)
        ranges = [asked for how, path, asked in hub.asked if how == "GET" and path.endswith("model.safetensors")]
    assert (stage, name) == ("ready", "someone/tiny"), error
    assert any(asked.startswith("bytes=") and not asked.startswith("bytes=0-") for asked in ranges), ranges


def test_without_a_network_the_built_in_model_serves(tmp_path):
    ((stage, cause, error, name, *_),) = load(["someone/tiny"], "http://127.0.0.1:9", tmp_path)
    assert (stage, cause, name) == ("failed", "offline", BUILT_IN_NAME)
    assert "cannot be reached" in error


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux")  # noqa: PTH110
def test_a_full_disk_is_said(tiny_model, tmp_path):
    """The weights' unfinished file is one that takes no byte."""
    with serve(tiny_model) as hub:
        site = {"PYTHONPATH": str(full_disk(tmp_path))}
        ((stage, cause, error, name, *_),) = load(["someone/tiny"], hub.address, tmp_path, **site)
    assert (stage, cause, name) == ("failed", "disk full", BUILT_IN_NAME)
    assert "Free some space" in error


def full_disk(folder):
    """A folder whose sitecustomize makes every file of more than 100 kB meet a full disk, by the limit that the system itself has."""
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(
        "import builtins, errno, io\n"
        "real = builtins.open\n"
        "class Full(io.FileIO):\n"
        "    def write(self, data):\n"
        "        raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "def open(file, mode='r', *rest, **options):\n"
        "    return Full(file, 'ab') if str(file).endswith('.incomplete') else real(file, mode, *rest, **options)\n"
        "builtins.open = io.open = open\n"
    )
    return folder / "site"


def wait_for(loader):
    state = loader.wait(60)
    assert state.stage in ("ready", "failed")
    return state


def test_a_folder_is_loaded_and_a_wrong_one_leaves_the_old_model_serving(tiny_model, tmp_path):
    loader = TextLoader(Settings(text_model=str(tiny_model)))
    assert loader.model() is None
    loader.start()
    assert wait_for(loader).stage == "ready"
    first = loader.model()
    assert first.name == str(tiny_model)
    (tmp_path / "empty").mkdir()
    loader.choose(str(tmp_path / "empty"))
    state = wait_for(loader)
    assert state.stage == "failed"
    assert isinstance(state.error, ModelError)
    assert state.detail == first.name
    assert loader.model() is first


def test_the_last_choice_wins(tiny_model):
    loader = TextLoader(Settings(text_model=str(tiny_model)))
    loader.start()
    loader.choose("built-in")
    state = wait_for(loader)
    assert (state.stage, state.name) == ("ready", BUILT_IN_NAME), state.error
    time.sleep(0.5)  # a loader that had been overtaken would come in now
    assert loader.model().name == BUILT_IN_NAME


def test_the_page_is_told_what_is_being_done(tiny_model):
    loader = TextLoader(Settings(text_model=str(tiny_model)))
    assert loader.state().stage == "waiting"
    loader.start()
    assert wait_for(loader).detail == "on this machine"
    assert "".join(loader.model().stream((Message("user", "Hi"),), Options(max_new_tokens=2))) is not None


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State("converting", "built-in"), "Unpacking the built-in model, once on this machine"),
        (State("downloading", "x/y", 0.4), "Downloading x/y (40%)"),
        (State("waiting", "x/y"), "Getting ready x/y"),
    ],
)
def test_what_is_being_done_is_said_in_words(state, said):
    assert progress(state) == said
