"""A server on loopback that answers as the model hub does, for one tiny model."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.conftest import ROOT

COMMIT = "a" * 40


@dataclass
class Hub:
    """`refuse` names the status and error code for models that are not given; `cut` breaks off that many first downloads of the
    weights in the middle."""

    files: dict[str, bytes]
    name: str = "someone/tiny"
    refuse: dict[str, tuple[int, str]] = field(default_factory=dict)
    cut: int = 0
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, body):
        hub = self.hub
        hub.asked.append((self.command, self.path, self.headers.get("Range", "")))
        for name, (status, code) in hub.refuse.items():
            if name in self.path:
                return self._send(status, b'{"error":"refused"}', {"X-Error-Code": code}, body)
        path = self.path.split("?")[0]
        if path.startswith(f"/api/models/{hub.name}"):
            if "/tree/" in path:
                entries = [
                    {"type": "file", "oid": hashlib.sha1(data).hexdigest(), "size": len(data), "path": name}
                    for name, data in hub.files.items()
                ]
                return self._send(200, json.dumps(entries).encode(), {}, body)
            siblings = [{"rfilename": name, "size": len(data)} for name, data in hub.files.items()]
            info = {
                "id": hub.name,
                "modelId": hub.name,
                "sha": COMMIT,
                "private": False,
                "tags": [],
                "siblings": siblings,
            }
            return self._send(200, json.dumps(info).encode(), {}, body)
        if path.startswith(f"/{hub.name}/resolve/"):
            name = path.split("/", 5)[5]
            if name in hub.files:
                return self._file(name, hub.files[name], body)
        return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body)

    def _file(self, name, data, body):
        headers = {
            "ETag": f'"{hashlib.sha256(data).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
        }
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
        if asked:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        part = data[start:]
        if body and name.endswith(".safetensors") and self.hub.cut > 0:
            self.hub.cut -= 1
            self.send_response(206 if asked else 200)
            for key, value in {**headers, "Content-Length": str(len(part))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(part[: len(part) // 2])
            self.wfile.flush()
            self.close_connection = True
            return
        self._send(206 if asked else 200, part, headers, body)

    def _send(self, status, data, headers, body):
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.wfile.write(data)


@contextmanager
def serve(folder: Path, **options) -> Iterator[Hub]:
    """Serve the files of `folder`, subfolders too, as the model someone/tiny."""
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    hub = Hub(files, **options)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def driven(driver, names, address, home, **environment):
    """The objects that the program `driver` prints, a line for each name, and what it says of errors. It is a process of its own, because
    huggingface_hub reads its address and whether it is offline when it is imported."""
    hub = {"HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0", "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", driver, *names],
        cwd=ROOT,
        env={**os.environ, **hub, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr
