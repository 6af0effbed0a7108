"""Kills servers in the middle of their work: nothing may be done twice, nothing lost.

python3 resume.py FOLDER, with TWOCHAT_BASE_URL of a mock that has many contacts. A
counter stands between, which knows what was asked and holds a creation back.
"""

import os
import sys
import threading
import time
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable

from calls import ADA
from server import Server

MOCK = os.environ["TWOCHAT_BASE_URL"].removesuffix("/open")
PAGE_SIZE = 5
asked: "Counter[str]" = Counter()


class Between(BaseHTTPRequestHandler):
    """Counts a request, and hands a read on; a creation is not answered for long."""

    def do_GET(self) -> None:
        asked[self.path] += 1
        key = self.headers["X-User-API-Key"]
        request = urllib.request.Request(MOCK + self.path, headers={"X-User-API-Key": key})
        with urllib.request.urlopen(request, timeout=10) as reply:
            body = reply.read()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        asked["POST"] += 1
        time.sleep(90)

    def log_message(self, *_: object) -> None:
        pass


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"{what} did not come to pass in 60 s")
        time.sleep(0.01)


def reads(folder: Path) -> None:
    obelisk = Server(folder)
    with obelisk:
        execution = obelisk.submit("everyone@0.1.0.every-contact", PAGE_SIZE)
        until(lambda: len(asked) >= 10, "page 10")
    before = len(asked)
    with obelisk:
        found = obelisk.result(execution)["ok"]
    pages = len(found) // PAGE_SIZE + 1
    # A page whose answer came but was not written down yet is asked for once more.
    twice = [page for page, times in asked.items() if times > 1]
    if len(set(found)) != len(found) or len(asked) != pages or len(twice) > 1:
        sys.exit(f"{len(found)} contacts, {len(asked)} pages of {pages}, twice: {twice}")
    print(f"killed after {before} of {pages} pages: {len(found)} contacts, {len(twice)} page twice")


def creation(folder: Path) -> None:
    obelisk = Server(folder)
    with obelisk:
        execution = obelisk.submit("creation@0.1.0.create-contact", ADA)
        until(lambda: asked["POST"] > 0, "the creation")
    with obelisk:
        outcome = obelisk.result(execution)
    if asked["POST"] != 1 or "ok" in outcome:
        sys.exit(f"sent {asked['POST']} times: {outcome}")
    print(f"killed in a creation: sent once, then {outcome}")


def main(folder: Path) -> None:
    counter = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    counter.daemon_threads = True
    threading.Thread(target=counter.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{counter.server_port}"
    os.environ.update(TWOCHAT_BASE_URL=f"{origin}/open", ALLOWED_ORIGIN=origin)
    reads(folder)
    creation(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
