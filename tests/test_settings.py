"""Settings come from TUTOR_* and .env; a wrong value names the variable and the legal values."""

import pytest

from tutor.errors import SettingsError
from tutor.settings import BUILT_IN, Settings, settings


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_defaults_need_nothing():
    assert settings().text_model == BUILT_IN
    assert settings().text_endpoint is None
    assert settings().host == "127.0.0.1"


def test_environment_wins_over_env_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("TUTOR_PORT=8001\nTUTOR_DTYPE=float32\n")
    monkeypatch.setenv("TUTOR_PORT", "8002")
    assert (settings().port, settings().dtype) == (8002, "float32")


@pytest.mark.parametrize(
    ("name", "value", "legal"),
    [
        ("TUTOR_PORT", "99999", "1 to 65535"),
        ("TUTOR_PORT", "many", "1 to 65535"),
        ("TUTOR_DEVICE", "abacus", "'cpu'"),
        ("TUTOR_DTYPE", "int3", "'bfloat16'"),
        ("TUTOR_TEXT_ENDPOINT", "localhost:8000", "http://127.0.0.1:8000/v1"),
        ("TUTOR_TEXT_MODEL", "", "built-in"),
        ("TUTOR_CONTENT_DIR", "", "name a folder"),
        ("TUTOR_HOST", "", "0.0.0.0"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_legal(monkeypatch, name, value, legal):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        settings()
    assert name in str(caught.value)
    assert legal in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "shared"), [("127.0.0.1", False), ("localhost", False), ("::1", False), ("0.0.0.0", True), ("::", True)]
)
def test_a_page_that_other_machines_reach_is_shared(host, shared):
    assert Settings(host=host).shared is shared


def test_every_setting_is_described():

    assert all(field.description for field in Settings.model_fields.values())
