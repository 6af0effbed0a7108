"""An Obelisk server of one's own, and calls of its activities and workflows over HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Optional, Type


def unused_port() -> int:
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        number: int = port.getsockname()[1]
        return number


class Server:
    """A server on a database, for as long as the block; what it is told lies in a folder."""

    def __init__(self, folder: Path, database: Optional[str] = None) -> None:
        self.folder, self.port = folder.resolve(), unused_port()
        place = Path(tempfile.mkdtemp(dir=self.folder, prefix="server-"))
        self.log = place / "log"
        self.config = place / "server.toml"
        self.env = {**os.environ, "RUST_BACKTRACE": "0"}
        sqlite = f'database.sqlite.directory = "{place}"'
        self.config.write_text(
            f'api.listening_addr = "127.0.0.1:{self.port}"\n'
            "webui.enabled = false\nexternal.enabled = false\n"
            f'{database or sqlite}\nwasm.cache_directory = "{self.folder}/cache"\n'
            f'wasm.codegen_cache.directory = "{self.folder}/codegen"\n'
        )

    def start(self) -> "Server":
        command = ["obelisk", "server", "run", "--server-config", str(self.config)]
        command += ["--deployment", str(self.folder / "deployment.toml")]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, env=self.env, stdout=log, stderr=log)
        end = time.monotonic() + 50
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.ask("/v1/functions")
                return self
            except OSError:
                time.sleep(0.1)
        sys.exit("\n".join(self.log.read_text().splitlines()[-8:]))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.kill()

    def ask(self, path: str, body: Any = None, method: Optional[str] = None) -> str:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=100) as reply:
            text: str = reply.read().decode()
            return text

    def call(self, function: str, *arguments: Any) -> Any:
        """The result of a function; its failure ends the program, in the contract's words."""
        outcome = self.result(self.submit(function, *arguments))
        if "ok" in outcome:
            return outcome["ok"]
        # The case of the adapter's failure, and in it the contract's error.
        case = outcome.get("error")
        error = next(iter(case.values())) if isinstance(case, dict) else None
        if not isinstance(error, dict):
            sys.exit(json.dumps(outcome))
        sys.exit(f"{error['kind'].replace('_', '-')}: {error['message']}")

    def submit(self, function: str, *arguments: Any) -> str:
        """Has a function carried out, whatever becomes of this server; gives its number."""
        execution: str = json.loads(self.ask("/v1/execution-id"))
        body = {"ffqn": f"twochat:durable/{function}", "params": list(arguments)}
        self.ask(f"/v1/executions/{execution}", body, "PUT")
        return execution

    def result(self, execution: str) -> Any:
        """What came of it, once it has ended; any server on the database knows."""
        try:
            return json.loads(self.ask(f"/v1/executions/{execution}?follow=true"))
        except OSError as error:
            sys.exit(f"no outcome of {execution} from port {self.port}: {error}")
