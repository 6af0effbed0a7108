"""Serves the page of a folder to a Chromium without a window: python3 calls.py FOLDER

The server is also the page's way to 2Chat, below the page's own origin: a browser lets
no page talk to an origin that does not invite it, and 2Chat's does not.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, Optional

TWOCHAT = os.environ.get("TWOCHAT_BASE_URL", "https://api.p.2chat.io/open")
QUIET = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
done = threading.Event()
outcome: Dict[str, Any] = {"lines": ["the page did not end"], "status": 1}


class Page(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        origin = f"http://{self.headers['Host']}"
        if self.path.startswith("/open/"):
            self.hand_on(None)
        elif self.path == "/settings.json":
            env = {"TWOCHAT_BASE_URL": f"{origin}/open"}
            if "TWOCHAT_API_KEY" in os.environ:
                env["TWOCHAT_API_KEY"] = os.environ["TWOCHAT_API_KEY"]
            allowed = "" if os.environ.get("ALLOWED_ORIGIN") == "" else origin
            self.answer(200, json.dumps({"allowed": allowed, "env": env}).encode())
        else:
            super().do_GET()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/done":
            return self.hand_on(body)
        outcome.update(json.loads(body))
        self.answer(200, b"")
        done.set()

    def hand_on(self, body: Optional[bytes]) -> None:
        names = ("X-User-API-Key", "Content-Type", "Accept")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        url = TWOCHAT + self.path.removeprefix("/open")
        request = urllib.request.Request(url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=45) as reply:
                self.answer(reply.status, reply.read())
        except urllib.error.HTTPError as error:
            self.answer(error.code, error.read())
        except OSError:
            self.close_connection = True

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main(folder: str) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Page, directory=folder))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = [*QUIET.split(), f"--user-data-dir={profile}"]
        page = f"http://127.0.0.1:{server.server_port}/"
        nowhere = subprocess.DEVNULL
        command = ["chromium", *options, page]
        chromium = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
        done.wait(45)
        chromium.kill()
        chromium.wait()
    print("\n".join(outcome["lines"]), file=sys.stderr if outcome["status"] else sys.stdout)
    sys.exit(outcome["status"])


main(sys.argv[1])
