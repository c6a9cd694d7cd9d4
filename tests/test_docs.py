"""What the documents say is still so: commands, settings, links, figures, versions, files that are too large."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tutor import __version__
from tutor.cli import main
from tutor.settings import ROOT, Settings

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MEASURED = [ROOT / "benchmarks" / "results" / f"{name}.md" for name in ("answers", "demos", "images", "speed")]
LARGEST = 9_500_000
"""Bytes of a file that a Space and a plain clone take without large-file storage."""


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_the_front_matter_is_what_spaces_takes():
    front = yaml.safe_load(README.split("---\n")[1])
    assert front["sdk"] == "gradio"
    assert f"gradio=={front['sdk_version']}" in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert (ROOT / front["app_file"]).is_file()
    assert len(front["short_description"]) <= 60
    assert front["python_version"] == "3.11"
    assert set(front["preload_from_hub"]) == set(front["models"])


def test_the_first_commands_are_targets_of_the_makefile():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"^make (\w+)|`make (\w+)", README + (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M))
    assert {first or second for first, second in named} <= targets
    assert re.search(r"```\nmake chat .*\nmake test .*\n```", README)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^python -m tutor (\w+)", README, re.M))))
def test_every_command_of_the_readme_exists(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    options = capsys.readouterr().out
    for line in re.findall(rf"^python -m tutor {command} (.*?)(?:#|$)", README, re.M):
        assert set(re.findall(r"--[\w-]+", line)) <= set(re.findall(r"--[\w-]+", options))


def test_every_setting_is_in_the_readme_as_it_is():
    table = README.split("<!-- settings")[1].split("<!-- end")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `TUTOR_")]
    wanted = [(f"TUTOR_{name.upper()}", field.description) for name, field in Settings.model_fields.items()]
    assert [re.findall(r"`(\w+)` \|.*\| (.+?) \|$", row)[0] for row in rows] == wanted


def test_every_variable_that_a_document_names_exists():
    known = {f"TUTOR_{name.upper()}" for name in Settings.model_fields}
    for document in ROOT.glob("*.md"):
        assert set(re.findall(r"TUTOR_[A-Z_]+[A-Z]", document.read_text(encoding="utf-8"))) <= known, document.name


def test_every_figure_of_the_readme_was_printed_by_a_benchmark():
    printed = "\n".join(file.read_text(encoding="utf-8") for file in MEASURED)
    rows = re.findall(r"^\|.+\|$", README.split("## Measured")[1].split("\n## ")[0], re.M)
    assert len(rows) > 10
    assert [row for row in rows if row not in printed and not row.startswith("|---")] == []


def test_every_link_of_a_document_leads_somewhere():
    for document in [*ROOT.glob("*.md"), *ROOT.glob("models/*/README.md"), *ROOT.glob("training/*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            assert link.startswith("http") or (document.parent / link).exists(), f"{document.name}: {link}"


def test_the_changelog_knows_this_version():
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert PROJECT["project"]["version"] == __version__


def test_spaces_gets_what_the_project_needs():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    listed = {line for line in lines if line and not line.startswith("#")}
    brought = ("gradio", "huggingface_hub", "numpy", "safetensors")  # by Spaces itself, or by transformers
    wanted = {line for line in PROJECT["project"]["dependencies"] if not line.startswith(brought)}
    assert listed == wanted


def test_constraints_pin_every_direct_dependency():
    pinned = {
        re.split("[=<>]", line)[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    groups = [PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"].values()]
    names = {re.split(r"[\[=<>]", line)[0].lower().replace("_", "-") for group in groups for line in group}
    assert names - {"generative-ai-tutor"} <= pinned
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


def test_the_card_of_the_adapter_describes_this_adapter():
    import hashlib

    card = (ROOT / "models" / "text" / "README.md").read_text(encoding="utf-8")
    for shard in sorted((ROOT / "models" / "text").glob("*.safetensors")):
        assert hashlib.sha256(shard.read_bytes()).hexdigest()[:12] in card, f"{shard.name} is not the one measured"


def test_no_committed_file_is_too_large():
    assert [file.name for file in tracked() if file.stat().st_size > LARGEST] == []


@pytest.mark.timeout(600)  # the first run encodes the whole course
def test_the_lessons_are_whole():
    done = subprocess.run([sys.executable, "-m", "tutor", "check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert " 0 problems" in done.stdout


def test_settings_are_the_only_reader_of_the_environment():
    readers = [
        p.name for p in Path(ROOT / "tutor").rglob("*.py") if re.search(r"os\.environ|os\.getenv", p.read_text("utf-8"))
    ]
    assert readers == ["settings.py"]
