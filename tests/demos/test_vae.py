import numpy as np
import pytest
from PIL import Image

from tutor.catalogue import checked
from tutor.demos.vae import DEMO, encoder_and_decoder, file_of, packed, psnr, rounded, ssim
from tutor.workbench.demo import Values
from tutor.workbench.fruit import fruit


@pytest.fixture
def last(monkeypatch):
    """The last numbers of a run without plots, which are half of its time."""
    for name in ("_maps", "_rows", "_bytes_plot", "_total_plot"):
        monkeypatch.setattr(f"tutor.demos.vae.{name}", lambda *_, **__: Image.new("RGB", (8, 8)))

    monkeypatch.setattr("tutor.demos.vae._TRAINED", 400)
    monkeypatch.setattr("tutor.demos.vae._FRESH", 100)

    def run(seed=0, **wanted):
        return list(DEMO.run(Values(checked(DEMO, {"steps": 500} | wanted), None), seed))[-1].numbers

    return run


def share(text):
    return int(str(text).rstrip("%"))


def test_the_autoencoders_map_has_more_empty_places_than_the_vaes(last):
    numbers = last()
    assert share(numbers["autoencoder: empty places on its map"]) > share(numbers["VAE: empty places on its map"])


@pytest.mark.parametrize("part", ["map", "compression"])
def test_same_seed_same_numbers(last, part):
    assert last(part=part, steps=100) == last(part=part, steps=100)


def test_too_high_a_beta_collapses_the_code(last):
    assert last(**DEMO.breaks.values)["VAE: variety of its samples"] < 0.2 < last(beta=1)["VAE: variety of its samples"]


def test_compression_counts_the_decoder_and_breaks_even_somewhere(last):
    numbers = last(part="compression")
    assert numbers["bytes of a code"] == 16
    assert numbers["PSNR of the rival"] >= numbers["PSNR of the VAE"]
    saved = numbers["bytes of the rival"] - 16
    assert numbers["pictures to break even"] == pytest.approx(numbers["bytes of the decoder"] / saved, rel=0.02)
    assert numbers["milliseconds to load a later page, codes"] < numbers["milliseconds to load a page, files"]
    assert numbers["error of the strangers"] > 5 * numbers["error of fresh fruit"]
    assert DEMO.prediction.right(numbers) == 2


def test_bytes_are_those_of_real_files_on_disk(tmp_path):
    picture = fruit(1, 0).pictures[0]
    size, back = file_of(picture, "JPEG", 40)
    Image.fromarray((picture * 255).round().astype(np.uint8)).save(tmp_path / "a.jpg", quality=40)
    assert size == (tmp_path / "a.jpg").stat().st_size
    assert np.abs(back - picture).mean() < 0.1
    assert np.abs(file_of(picture, "PNG", 0)[1] - picture).max() < 1 / 255


def test_a_packed_decoder_is_as_large_as_its_weights_at_most():
    _, decoder = encoder_and_decoder(16, 0)
    mean, lines = np.zeros(3072, np.float32), np.random.default_rng(0).normal(size=(3072, 64)).astype(np.float32)
    stored, kept = packed(decoder, mean, lines)
    weights = sum(weight.numel() for weight in decoder.parameters()) + 65 * 3072
    assert 0.5 * weights < len(stored) < 1.02 * weights
    assert np.abs(kept - lines).max() < np.abs(lines).max() / 127
    assert rounded(np.array([[0.5, -99, 0]], np.float32)).tolist() == [[8, -128, 0]]


def test_measures_of_likeness_know_the_same_picture_and_a_worse_one():
    pictures = fruit(4, 0).pictures
    worse = (pictures + np.random.default_rng(0).normal(0, 0.1, pictures.shape)).astype(np.float32)
    assert ssim(pictures, pictures) == pytest.approx(1, abs=1e-4)
    assert ssim(pictures, worse) < 0.9
    assert psnr(pictures, worse) == pytest.approx(20, abs=0.2)


def test_closing_after_the_first_frame_ends_it(last):
    frames = DEMO.run(Values(checked(DEMO, {}), None), 0)
    assert next(frames).caption
    frames.close()
    assert next(frames, None) is None
