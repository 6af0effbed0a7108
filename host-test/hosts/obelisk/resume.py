"""Kills servers in the middle of their work: nothing may be done twice, nothing lost.

python3 resume.py FOLDER, with TWOCHAT_BASE_URL of a mock that has many contacts. A
counter stands between, which knows what was asked and by which server, and does not
answer the request in which that server is killed. Then another one on the same
database goes on, or, where it is alone, the same one anew.
"""

import os
import sys
import threading
import time
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable, List, Optional

from calls import ADA
from postgres import postgres
from server import Server

MOCK = os.environ["TWOCHAT_BASE_URL"].removesuffix("/open")
PAGE_SIZE, HELD_PAGE = 10, 10
asked: "Counter[str]" = Counter()
# The servers that wait for an answer in vain.
held: List[str] = []


class Between(BaseHTTPRequestHandler):
    """Counts a request; holds back one page and the first creation, and hands reads on."""

    def do_GET(self) -> None:
        server, path = self.path[1:].split("/", 1)
        asked[path] += 1
        if len(asked) == HELD_PAGE and asked[path] == 1:
            return self.hold(server)
        key = self.headers["X-User-API-Key"]
        request = urllib.request.Request(f"{MOCK}/{path}", headers={"X-User-API-Key": key})
        with urllib.request.urlopen(request, timeout=10) as reply:
            body = reply.read()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        asked["POST"] += 1
        if asked["POST"] == 1:
            return self.hold(self.path.split("/")[1])
        self.send_error(400)

    def hold(self, server: str) -> None:
        held.append(server)
        time.sleep(90)

    def log_message(self, *_: object) -> None:
        pass


def survivor(servers: List[Server]) -> Server:
    """Kills the server that waits in vain, once there is one, and gives one that goes on."""
    end = time.monotonic() + 60
    while not held:
        if time.monotonic() > end:
            sys.exit(f"no server came to be killed within 60 s; asked: {dict(asked)}")
        time.sleep(0.01)
    (killed,) = [server for server in servers if str(server.port) in held]
    killed.kill()
    others = [server for server in servers if server is not killed]
    return others[0] if others else killed.start()


def reads(servers: List[Server]) -> str:
    execution = servers[0].submit("everyone@0.1.0.every-contact", PAGE_SIZE)
    outcome = survivor(servers).result(execution)
    if "ok" not in outcome:
        sys.exit(f"ended without contacts: {outcome}")
    found = outcome["ok"]
    pages = len(found) // PAGE_SIZE + 1
    # The one page whose answer was not written down is asked for once more.
    if len(set(found)) != len(found) or len(asked) != pages or sum(asked.values()) != pages + 1:
        twice = [page for page, times in asked.items() if times > 1]
        sys.exit(f"{len(found)} contacts, {len(asked)} pages of {pages}, twice: {twice}")
    return f"in page {HELD_PAGE} of {pages}: {len(found)} contacts, that page alone twice"


def creation(servers: List[Server]) -> str:
    execution = servers[0].submit("creation@0.1.0.create-contact", ADA)
    outcome = survivor(servers).result(execution)
    if asked["POST"] != 1 or "ok" in outcome:
        sys.exit(f"sent {asked['POST']} times: {outcome}")
    return f"in a creation: sent once, then {outcome}"


def main(folder: Path) -> None:
    counter = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    counter.daemon_threads = True
    threading.Thread(target=counter.serve_forever, daemon=True).start()
    os.environ["ALLOWED_ORIGIN"] = f"http://127.0.0.1:{counter.server_port}"

    def server(database: Optional[str] = None) -> Server:
        obelisk = Server(folder, database)
        obelisk.env["TWOCHAT_BASE_URL"] = f"{os.environ['ALLOWED_ORIGIN']}/{obelisk.port}/open"
        return obelisk

    def tell(who: str, work: Callable[[List[Server]], str], servers: List[Server]) -> None:
        asked.clear()
        held.clear()
        print(f"{who}, killed {work(servers)}", flush=True)

    for work in (reads, creation):
        with server() as alone:
            tell("alone", work, [alone])
        with postgres() as database, server(database) as one, server(database) as other:
            tell("one of two", work, [one, other])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
