"""A web server of this machine, as a host of the pages: it notes what it is asked for, and can hold scripts back."""

from __future__ import annotations

import re
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

PATIENCE_S = 120
"""So long at most a script is held, so that a test that fails ends."""


class Loopback:
    """Serves a folder at `url` while it is open; `asked` are the addresses in the order of the requests.

    Pages lie below a folder of a long name, as on a real host: none of them may count on lying at the root.
    """

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.scripts = Event()
        self.scripts.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self, directory=str(folder.parent)))
        self.url = f"http://127.0.0.1:{self._server.server_port}/{folder.name}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.scripts.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(SimpleHTTPRequestHandler):
    """Files as they are, scripts when they may."""

    def __init__(self, host: Loopback, *arguments: Any, directory: str) -> None:
        self._host = host
        super().__init__(*arguments, directory=directory)

    def do_GET(self) -> None:
        """Note the address and answer, with a script not before it may."""
        self._host.asked.append(f"http://{self.headers['Host']}{self.path}")
        if re.search(r"\.js$", self.path):
            self._host.scripts.wait(PATIENCE_S)
        super().do_GET()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
