"""Notebook servers on loopback, with folders of their own and nothing that asks a question."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

PATIENCE = 60.0

SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
}


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes
    ----------
    url : str
        Without a slash at the end.
    token : str
        Empty where none is needed.
    folder : Path
        Where its notebooks lie.
    log : Path
        What it and its kernels have said.
    """

    url: str
    token: str
    folder: Path
    log: Path


def environment(home: Path, **changes: str) -> dict[str, str]:
    """This environment with all settings below `home`; kernels can import the tests' builders."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "IPYTHON", "MARIMO", "XDG_", "PYTEST"))
    }
    return {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_STATE_HOME": str(home / "state"),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "SIAMVIZ_CACHE": str(home / "siamviz"),
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        **changes,
    }


@contextlib.contextmanager
def _running(command: list[str], env: Mapping[str, str], folder: Path, log: Path) -> Iterator[int]:
    """Run a command with its output in `log`; yield its process id and stop it afterwards."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_it_answers(url: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(URLError, ConnectionError, TimeoutError), urlopen(url, timeout=5):
            return
        time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer. The server said:\n{log.read_text('utf-8')}")


def _until_it_exists(file: Path, log: Path) -> dict[str, object]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError, json.JSONDecodeError):
            return json.loads(file.read_text("utf-8"))
        time.sleep(0.1)
    raise RuntimeError(f"{file} was not written. The server said:\n{log.read_text('utf-8')}")


def _write_settings(folder: Path) -> None:
    for name, values in SETTINGS.items():
        file = folder / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), "utf-8")


@contextlib.contextmanager
def jupyter(home: Path) -> Iterator[Server]:
    """JupyterLab and Notebook 7 in one server, at /lab and /tree."""
    folder, log = home / "notebooks", home / "jupyter.log"
    folder.mkdir(parents=True)
    _write_settings(home / "settings")
    token = secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",
        f"--ServerApp.root_dir={folder}",
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
    ]
    with _running(command, environment(home), folder, log) as pid:
        started = _until_it_exists(home / "runtime" / f"jpserver-{pid}.json", log)
        server = Server(f"http://127.0.0.1:{started['port']}", token, folder, log)
        _until_it_answers(f"{server.url}/api/status?token={token}", log)
        yield server


@contextlib.contextmanager
def marimo(home: Path, notebook: Path) -> Iterator[Server]:
    """Marimo's editor with one notebook, which runs as soon as it is opened."""
    log, config = home / "marimo.log", home / "config" / "marimo" / "marimo.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[runtime]\nauto_instantiate = true\n", "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "marimo", "--yes", "edit", str(notebook)),
        *("--headless", "--no-token", "--skip-update-check"),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    with _running(command, environment(home), notebook.parent, log):
        server = Server(f"http://127.0.0.1:{port}", "", notebook.parent, log)
        _until_it_answers(f"{server.url}/health", log)
        yield server


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@contextlib.contextmanager
def files(folder: Path) -> Iterator[Server]:
    """A folder over HTTP."""
    handler = partial(_Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Server(f"http://127.0.0.1:{server.server_address[1]}", "", folder, folder)
        server.shutdown()
