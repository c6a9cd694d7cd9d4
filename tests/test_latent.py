"""Pipelines of diffusers as painters, on tiny ones of each family with random weights: real loading, real sampling, no network."""

import shutil
import threading
import time

import numpy as np
import pytest
import torch

from tests import pipelines
from tutor.drawing import Drawer
from tutor.errors import InputError, ModelError
from tutor.events import Answered, Picture, Text
from tutor.image import latent
from tutor.image.base import Defaults, ImageModel, PaintOptions
from tutor.image.latent import LatentPainter
from tutor.request import PictureRequest

FAMILIES = {
    "plain": (pipelines.stable_diffusion, "DPMSolverMultistepScheduler", Defaults(20, 7.5)),
    "small-turbo": (pipelines.turbo, "EulerDiscreteScheduler", Defaults(4, 0.0)),
    "consistent": (pipelines.lcm, "LCMScheduler", Defaults(4, 8.0)),
    "merged": (pipelines.merged_lcm, "LCMScheduler", Defaults(4, 1.0)),
    "xl-turbo": (pipelines.sdxl_turbo, "EulerAncestralDiscreteScheduler", Defaults(4, 0.0)),
}


@pytest.fixture(scope="module")
def painters(tmp_path_factory):
    """One painter of each family."""
    root = tmp_path_factory.mktemp("pipelines")
    return {name: LatentPainter(make(root / name), name) for name, (make, _, _) in FAMILIES.items()}


def steps(painter, *seeds, **options):
    """Each step once."""
    found = []
    for step in painter.paint("a dog", PaintOptions(seeds, **options)):
        if step.number > len(found):
            found.append(step)
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_known_by_what_is_in_its_folder(painters, family):
    _, scheduler, defaults = FAMILIES[family]
    painter = painters[family]
    assert isinstance(painter, ImageModel)
    assert painter.defaults == defaults
    assert type(painter._pipeline.scheduler).__name__ == scheduler
    if "turbo" in family:
        assert painter._pipeline.scheduler.config.timestep_spacing == "trailing"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_step_is_seen_and_a_seed_repeats_its_picture(painters, family):
    once, again = (steps(painters[family], 7, 8) for _ in range(2))
    count = painters[family].defaults.steps
    assert [(s.number, s.steps) for s in once] == [(n, count) for n in range(1, count + 1)]
    assert all(s.pictures[0].size == s.guesses[0].size == (16, 16) for s in once[:-1])
    assert [p.size for p in once[-1].pictures] == [(32, 32)] * 2
    for one, two in zip(once, again, strict=True):
        assert [p.tobytes() for p in one.pictures + one.guesses] == [p.tobytes() for p in two.pictures + two.guesses]
    assert once[-1].pictures[0].tobytes() != once[-1].pictures[1].tobytes()


def test_a_name_says_turbo_where_the_scheduler_does_not(tmp_path):
    folder = pipelines.stable_diffusion(tmp_path / "my-turbo")
    painter = LatentPainter(folder, str(folder))
    assert painter.defaults == Defaults(4, 0.0)
    assert type(painter._pipeline.scheduler).__name__ == "EulerDiscreteScheduler"
    assert len(steps(painter, 1, steps=1)) == 1


def test_guidance_and_what_is_not_wanted_change_the_picture(painters):
    plain = painters["plain"]
    first, less, without = (
        steps(plain, 7, steps=3, **options)[-1].pictures[0].tobytes()
        for options in ({}, {"guidance": 2.0}, {"negative": "cats"})
    )
    assert len({first, less, without}) == 3
    with pytest.raises(InputError, match="cats"):
        steps(painters["small-turbo"], 7, negative="cats")
    with pytest.raises(InputError, match="choose 1 to 50"):
        steps(plain, 7, steps=51)


@pytest.mark.parametrize(
    "kind", ["DPMSolverMultistepScheduler", "EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "LCMScheduler"]
)
def test_the_guess_is_the_clean_picture_and_what_is_on_its_way_has_the_spread_that_the_network_sees(kind):
    import diffusers

    from tutor.image.preview import watch

    scheduler = getattr(diffusers, kind)(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    look = watch(scheduler)
    scheduler.set_timesteps(4)
    clean, noise = torch.randn((2, 1, 4, 16, 16), generator=torch.Generator().manual_seed(0))
    time = scheduler.timesteps[0]
    noisy = scheduler.add_noise(clean, noise, time[None])
    scheduler.scale_model_input(noisy, time)
    here, there = look(scheduler.step(noise, time, noisy, return_dict=False)[0])
    assert (there - clean).abs().max() < 0.1
    assert 0.8 < here.std() < 1.3


def test_stop_ends_the_work_in_the_middle_of_a_step(painters):
    painter = painters["plain"]
    inside = threading.Event()

    def slow(*_):
        inside.set()
        time.sleep(0.2)

    hooks = [m.register_forward_pre_hook(slow) for m in painter._pipeline.unet.modules() if not list(m.children())]
    running = painter.paint("a dog", PaintOptions((1,), steps=50))
    try:
        assert next(running).number == 0  # a sign of life, before the first step is done
        assert inside.wait(30)
        started = time.monotonic()
        running.close()
        assert painter._lock.acquire(timeout=5)
        painter._lock.release()
        assert time.monotonic() - started < 3  # a step would take more than 10 s
    finally:
        for hook in hooks:
            hook.remove()
    assert len(steps(painter, 1, steps=2)) == 2


def test_a_second_reader_waits_for_the_first(painters):
    painter = painters["small-turbo"]
    alone = steps(painter, 5)[-1].pictures[0].tobytes()
    with painter._lock:
        waiting = painter.paint("a dog", PaintOptions((5,)))
        assert next(waiting).number == 0
    *_, last = waiting
    assert last.pictures[0].tobytes() == alone


@pytest.mark.parametrize("make", [pipelines.stable_diffusion, pipelines.lcm])
def test_what_the_safety_checker_holds_back_is_said_and_not_shown(tmp_path, make):
    folder = make(tmp_path / "checked", checked=True)
    request = PictureRequest("a dog", (1, 2), 2)
    *_, free = Drawer(LatentPainter(folder, "checked"), None).draw("draw a dog", request)
    assert isinstance(free, Answered)
    assert "held" not in free.answer.answer
    pipelines.always_alarmed(folder)
    events = list(Drawer(LatentPainter(folder, "checked"), None).draw("draw a dog", request))
    shown = [e for e in events if isinstance(e, Picture)]
    assert shown[-1].images == shown[-1].recipes == ()
    assert shown[-1].strip is None
    said = next(e for e in events if isinstance(e, Text)).markdown
    assert "safety checker held 2 pictures back" in said
    assert "TUTOR_IMAGE_SAFETY=off" in said
    off = LatentPainter(folder, "checked", safety=False)
    assert off._pipeline.safety_checker is None
    assert not steps(off, 1, steps=2)[-1].blocked


def test_previews_are_blurred_while_a_checker_has_not_seen_the_picture(tmp_path):
    folder = pipelines.stable_diffusion(tmp_path / "checked", checked=True)
    sharp, blurred = (steps(LatentPainter(folder, "x", safety=on), 1, steps=2)[0].pictures[0] for on in (False, True))
    assert np.asarray(blurred, float).std() < np.asarray(sharp, float).std()


def test_a_preview_reads_colors_from_latents():
    """Of an encoder that is itself linear the fitted map is the exact inverse."""
    from types import SimpleNamespace

    from tutor.image.preview import Preview

    class Linear(torch.nn.Module):
        config = SimpleNamespace(scaling_factor=0.5, get=lambda key: None)
        mix = torch.tensor([[1.0, 2, 0], [0, 1, -1], [3, 0, 1], [1, 1, 1]])

        def encode(self, pictures):
            pooled = torch.nn.functional.avg_pool2d(pictures, 8)
            return SimpleNamespace(latents=torch.einsum("ck,bkhw->bchw", self.mix, pooled) + 0.3)

    from diffusers.image_processor import VaeImageProcessor

    vae = Linear()
    preview = Preview(SimpleNamespace(vae=vae, vae_scale_factor=8, image_processor=VaeImageProcessor()))
    orange = torch.tensor([1.0, 0.25, -0.5]).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    (seen,) = preview(vae.encode(orange).latents * 0.5)
    assert seen.size == (4, 4)
    assert np.abs(np.asarray(seen)[1, 1] - np.array([255, 159, 64])).max() <= 1


def test_half_precision_files_are_taken_as_such(tmp_path):
    from diffusers import StableDiffusionPipeline

    made = StableDiffusionPipeline.from_pretrained(
        pipelines.turbo(tmp_path / "whole"), dtype=torch.float16, safety_checker=None, requires_safety_checker=False
    )
    made.save_pretrained(tmp_path / "half", variant="fp16")
    painter = LatentPainter(tmp_path / "half", "half", "cpu")
    assert painter._pipeline.unet.dtype == torch.float32
    assert len(steps(painter, 1)) == 4
    assert LatentPainter(tmp_path / "half", "half", "cpu", "bfloat16")._pipeline.unet.dtype == torch.bfloat16


def test_a_folder_that_is_no_pipeline_is_told(tmp_path):
    with pytest.raises(ModelError, match=r"it has no model_index.json.*Choose a folder"):
        LatentPainter(tmp_path, "empty")
    (tmp_path / "model_index.json").write_text("{")
    with pytest.raises(ModelError, match="Choose a folder"):
        LatentPainter(tmp_path, "broken")
    (tmp_path / "model_index.json").write_text('{"_class_name": "PainterPipeline"}')
    with pytest.raises(ModelError, match="PainterPipeline"):
        LatentPainter(tmp_path, "foreign")


@pytest.mark.parametrize("part", ["unet/diffusion_pytorch_model.safetensors", "vae/config.json", "tokenizer"])
def test_a_pipeline_with_a_broken_part_is_told(tmp_path, part):
    folder = pipelines.turbo(tmp_path / "broken")
    if part == "tokenizer":
        shutil.rmtree(folder / part)
    else:
        (folder / part).write_bytes(b"\x00" * 40)
    with pytest.raises(ModelError, match="broken cannot be loaded"):
        LatentPainter(folder, "broken")


def test_a_model_larger_than_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(latent, "BESIDE", 2**50)
    with pytest.raises(ModelError, match=r"needs about 1048576 GB of memory and \d+ GB are free"):
        LatentPainter(pipelines.turbo(tmp_path / "large"), "large", "cpu")


def test_a_failure_while_painting_is_told(painters, monkeypatch):
    painter = painters["small-turbo"]

    def full(*_, **__):
        raise RuntimeError("CUDA out of memory. Tried to allocate")

    monkeypatch.setattr(painter._pipeline.vae, "decode", full)
    with pytest.raises(ModelError, match=r"small-turbo failed: CUDA out of memory.*fewer pictures"):
        steps(painter, 1)
