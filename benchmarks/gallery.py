"""The demos in README: runs each at its defaults, keeps its last picture in assets/demos, and writes the list between two marks.

python -m benchmarks gallery
"""

from collections import deque
from pathlib import Path

from tutor.catalogue import checked, demos
from tutor.settings import ROOT, settings
from tutor.turn import Tutor
from tutor.workbench.demo import Values

PICTURES = ROOT / "assets" / "demos"
README = ROOT / "README.md"
BEGIN, END = "<!-- gallery -->", "<!-- end of gallery -->"
_WIDTH = 576


def main() -> None:
    tutor = Tutor.of(settings())
    tutor.warm()
    for loader in (tutor.loader, tutor.painters):
        loader.start()
        loader.wait()
    PICTURES.mkdir(parents=True, exist_ok=True)
    cells = []
    for name, demo in demos().items():
        last = deque(demo.run(Values(checked(demo, {}), tutor.tools), 0), maxlen=1).pop()
        file = PICTURES / f"{name}.webp"
        height = round(last.picture.height * _WIDTH / last.picture.width)
        last.picture.resize((_WIDTH, height)).save(file, "WEBP", quality=75, method=6)
        print(f"{name}: {last.caption}", flush=True)
        cells.append(_cell(file.relative_to(ROOT), demo.title, name, demo.about))
    rows = [f"<tr>{''.join(cells[start : start + 3])}</tr>" for start in range(0, len(cells), 3)]
    write(README, "\n".join(["<table>", *rows, "</table>"]))


def write(readme: Path, gallery: str) -> None:
    """Put the gallery between its marks."""
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n{gallery}\n{END}{after}", encoding="utf-8")


def _cell(picture: Path, title: str, name: str, about: str) -> str:
    return (
        f'<td width="33%" valign="top"><img src="{picture}" alt="Last picture of the demo {name}"><br>'
        f"<b>{title}</b> (<code>{name}</code>)<br>{about}</td>"
    )
