"""Image models by folder, by name from a hub on loopback, and the built-in painter when they cannot be had: through the app's loader."""

from types import SimpleNamespace

import pytest

from tests import pipelines
from tests.hub import driven, serve
from tutor import hub
from tutor.errors import ModelError
from tutor.image.base import PaintOptions
from tutor.image.loading import ImageLoader
from tutor.settings import Settings

DRIVER = """
import json, sys, time
from tutor.image.base import PaintOptions
from tutor.image.loading import ImageLoader
from tutor.settings import settings
loader = ImageLoader(settings())
for name in sys.argv[1:]:
    loader.choose(name)
    shares, before = [], loader.model().name
    while (state := loader.state()).stage not in ("ready", "failed"):
        if state.stage == "downloading":
            shares.append(state.share)
        time.sleep(0.001)
    painter = loader.model()
    *_, last = painter.paint("a dog", PaintOptions((1,), steps=1))
    print(json.dumps([state.stage, str(state.error or ""), before, painter.name, shares, last.pictures[0].size]))
"""


def load(names, address, home, **environment):
    """For each name: stage, error, name of the painter before and after, shares of the download seen, size of a picture."""
    printed, errors = driven(DRIVER, names, address, home, **environment)
    assert errors == ""
    return printed


def test_a_pipeline_comes_from_the_hub_and_goes_on_painting_when_others_are_refused(tmp_path):
    folder = pipelines.lcm(tmp_path / "lcm", checked=True)
    (folder / "whole.safetensors").write_bytes(b"a checkpoint in one file, which nobody needs")
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"what can run code")
    refuse = {"some/gated": (401, "GatedRepo"), "some/absent": (404, "RepoNotFound")}
    with serve(folder, refuse=refuse) as served:
        home = tmp_path / "home"
        whole, gated, absent = load(["someone/tiny", *refuse], served.address, home, TUTOR_IMAGE_SAFETY="off")
        fetched = {path.split("/", 5)[5] for how, path, _ in served.asked if how == "GET" and "/resolve/" in path}
    assert whole[:4] == ["ready", "", "our own painter", "someone/tiny"]
    assert whole[5] == [32, 32]
    assert whole[4] == sorted(share for share in whole[4] if share is not None)
    assert not {name for name in fetched if name.endswith(".bin") or "/" not in name} - {"model_index.json"}
    assert not {name for name in fetched if name.startswith("safety_checker")}
    assert (gated[0], gated[3]) == ("failed", "someone/tiny")
    assert "hf auth login" in gated[1]
    assert (absent[0], absent[3]) == ("failed", "someone/tiny")
    assert "Check the spelling" in absent[1]
    # Once here, it needs no network.
    ((stage, error, _, name, *_),) = load(["someone/tiny"], "http://127.0.0.1:9", home, TUTOR_IMAGE_SAFETY="off")
    assert (stage, name) == ("ready", "someone/tiny"), error


def test_without_a_network_the_built_in_painter_paints(tmp_path):
    ((stage, error, _, name, _, size),) = load(["someone/tiny"], "http://127.0.0.1:9", tmp_path)
    assert (stage, name, size) == ("failed", "our own painter", [64, 64])
    assert "cannot be reached" in error


def listing(half=("unet", "vae"), plain=("unet", "vae"), binary=()):
    files = [
        "model_index.json",
        "all.safetensors",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        "onnx/x.json",
    ]
    files += [f"{part}/model.fp16.safetensors" for part in half]
    files += [f"{part}/model-00001-of-00002.safetensors" for part in plain]
    files += [f"{part}/model.non_ema.safetensors" for part in plain]
    return files + [f"{part}/model.bin" for part in binary]


def test_half_precision_is_fetched_where_every_part_has_it():
    parts = ["unet", "vae", "scheduler"]
    texts = ["scheduler/scheduler_config.json", "unet/config.json"]
    assert hub._files_of("x", parts, listing()) == [*texts, "unet/model.fp16.safetensors", "vae/model.fp16.safetensors"]
    whole = [f"{part}/model-00001-of-00002.safetensors" for part in ("unet", "vae")]
    assert hub._files_of("x", parts, listing(half=["unet"])) == [*texts, *whole]
    with pytest.raises(ModelError, match="no safetensors for its vae"):
        hub._files_of("x", parts, listing(half=["unet"], plain=["unet"], binary=["vae"]))


def test_components_are_what_has_a_class():
    index = {"_class_name": "X", "unet": ["diffusers", "A"], "safety_checker": [None, None], "requires_x": False}
    assert hub.components(index) == ["unet"]
    assert hub.components(index, ["unet"]) == []


def test_the_built_in_painter_paints_until_another_is_ready_and_after_one_has_failed(tmp_path):
    folder = pipelines.turbo(tmp_path / "tiny-turbo")
    loader = ImageLoader(Settings(image_model=str(folder)))
    own = loader.model()
    assert own.name == "our own painter"
    loader.start()
    state = loader.wait(60)
    assert (state.stage, state.detail) == ("ready", "on this machine"), state.error
    assert loader.model().name == str(folder)
    loader.choose(str(tmp_path))
    state = loader.wait(60)
    assert (state.stage, state.detail) == ("failed", str(folder))
    assert isinstance(state.error, ModelError)
    loader.choose("built-in")
    assert loader.wait(60).stage == "ready"
    assert loader.model() is own


def test_an_endpoint_is_chosen_by_its_address_or_by_the_name_of_its_model():
    address = "http://127.0.0.1:9/"
    for chosen, shown in (("built-in", address), ("some/model", "some/model")):
        loader = ImageLoader(Settings(image_endpoint=address, image_model=chosen))
        loader.start()
        state = loader.wait(20)
        assert (state.stage, state.name, state.detail) == ("ready", shown, f"at {address}")
        loader.choose("built-in")
        assert loader.wait(20).detail == "on this machine"
        assert loader.model().name == "our own painter"


def test_the_page_says_which_model_draws(tmp_path, ready, lessons):
    from tutor.loading import State
    from tutor.turn import Tutor
    from tutor.ui.models import lines
    from tutor.ui.status import painter_line

    assert painter_line(State("ready", "x/y", detail="on this machine"), "x/y") == (
        "<p>Pictures are drawn by x/y, on this machine.</p>"
    )
    said = painter_line(State("downloading", "x/y", 0.4), "our own painter")
    assert said == "<p>Downloading x/y (40%). Until then, pictures are drawn by our own painter.</p>"
    failed = State("failed", "x/y", error=ModelError("x/y is <gone>."))
    assert painter_line(failed, "our own painter") == (
        "<p>x/y is &lt;gone&gt;. Pictures are drawn by our own painter.</p>"
    )
    tutor = Tutor(lessons, tmp_path, ready(None), ready(SimpleNamespace(name="a painter")))
    assert lines(tutor)[1] == "<p>Pictures are drawn by a painter, on this machine.</p>"


def test_a_drawing_goes_to_the_model_in_use(tmp_path, ready, lessons):
    from tutor.image.base import ScriptedPainter
    from tutor.turn import Tutor

    one, other = ScriptedPainter(), ScriptedPainter()
    painters = ready(one)
    tutor = Tutor(lessons, tmp_path, ready(None), painters)
    list(tutor.reply("draw a собака, 3 steps"))  # a model other than the built-in painter reads any language
    painters._model = other
    list(tutor.reply("draw a dog"))
    assert one.asked == [("a собака", PaintOptions(one.asked[0][1].seeds, 3, 3.0))]
    assert other.asked[0][0] == "a dog"
    assert other.asked[0][1].steps == 20
