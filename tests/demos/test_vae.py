import numpy as np
import pytest
from PIL import Image

from tutor.catalogue import checked
from tutor.demos.vae import DEMO
from tutor.workbench.autoencoders import encoder_and_decoder
from tutor.workbench.demo import Values
from tutor.workbench.fruit import fruit
from tutor.workbench.stored import as_file, from_file, packed, psnr, rounded, ssim


@pytest.fixture
def last(numbers_of, monkeypatch):
    """The last numbers of a run with less training and fewer fruit."""
    monkeypatch.setattr("tutor.demos.vae._TRAINED", 400)
    monkeypatch.setattr("tutor.demos.vae._FRESH", 100)

    def run(seed=0, **wanted):
        return numbers_of("vae", seed, **{"steps": 500} | wanted)

    return run


def share(numbers, name, what):
    return int(str(numbers[f"{name}: {what}"]).rstrip("%"))


@pytest.mark.parametrize("seed", [0, 1])
def test_random_codes_reach_the_vaes_fruit_and_miss_much_of_the_autoencoders(last, seed):
    numbers = last(seed, steps=1000)
    reached, missed = "real fruit within reach of random codes", "real fruit that random codes miss"
    assert share(numbers, "VAE", reached) > share(numbers, "autoencoder", reached) + 20
    assert share(numbers, "autoencoder", missed) > 1.5 * share(numbers, "VAE", missed)


def test_without_the_kl_term_the_vae_is_no_better_than_the_autoencoder(last):
    without, with_it = last(beta=0), last(beta=1)
    assert share(without, "VAE", "real fruit within reach of random codes") < 60
    missed = "real fruit that random codes miss"
    assert share(without, "VAE", missed) > 1.5 * share(with_it, "VAE", missed)


@pytest.mark.parametrize("part", ["map", "compression"])
def test_same_seed_same_numbers(last, part):
    assert last(part=part, steps=100) == last(part=part, steps=100)


def test_too_high_a_beta_collapses_the_code(last):
    variety = "VAE: variety from random codes"
    assert last(**DEMO.breaks.values)[variety] < 0.2 < last(beta=1)[variety]


def test_compression_counts_the_decoder_and_breaks_even_somewhere(last):
    numbers = last(part="compression")
    assert numbers["bytes of a code"] == 16
    assert numbers["PSNR of the rival"] >= numbers["PSNR of the VAE"]
    saved = numbers["bytes of the rival"] - 16
    assert numbers["pictures to break even"] == pytest.approx(numbers["bytes of the decoder"] / saved, rel=0.02)
    assert numbers["transfer of a later page as codes, ms"] < numbers["transfer of a page as files, ms"]
    assert numbers["transfer of a page as files, ms"] < numbers["transfer of a first page as codes, ms"]
    assert numbers["error of the strangers"] > 5 * numbers["error of fresh fruit"]
    assert DEMO.prediction.right(numbers) == 2


def test_bytes_are_those_of_real_files_on_disk(tmp_path):
    picture = fruit(1, 0).pictures[0]
    file = as_file(picture, "JPEG", 40)
    Image.fromarray((picture * 255).round().astype(np.uint8)).save(tmp_path / "a.jpg", quality=40)
    assert file == (tmp_path / "a.jpg").read_bytes()
    assert np.abs(from_file(file) - picture).mean() < 0.1
    assert np.abs(from_file(as_file(picture, "PNG", 0)) - picture).max() < 1 / 255


def test_a_packed_decoder_is_as_large_as_its_weights_at_most():
    _, decoder = encoder_and_decoder(16, 0)
    mean, lines = np.zeros(3072, np.float32), np.random.default_rng(0).normal(size=(3072, 64)).astype(np.float32)
    stored, (_, kept) = packed(decoder, mean, lines)
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
