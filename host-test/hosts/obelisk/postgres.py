"""A Postgres of one's own, of which nothing is left behind."""

import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator

USER = "obelisk"


@contextmanager
def postgres() -> Iterator[str]:
    """What Obelisk is told of it; no port is opened, and its folder is closed to others."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        to_start: Dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0:
            # Postgres refuses to run as root.
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            to_start.update(user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
        log = Path(folder, "log")

        def start(*command: str) -> "subprocess.Popen[bytes]":
            try:
                with log.open("a") as output:
                    return subprocess.Popen(command, stdout=output, stderr=output, **to_start)
            except OSError as error:
                sys.exit(f"{command[0]} of Postgres cannot be started: {error.strerror}")

        def failed() -> None:
            sys.exit("\n".join(log.read_text().splitlines()[-8:]))

        data = ("-D", f"{folder}/data")
        if start("initdb", *data, "--username", USER, "--auth=trust", "--no-sync").wait(60) != 0:
            failed()
        server = start("postgres", *data, "-F", "-k", folder, "-c", "listen_addresses=")
        try:
            end = time.monotonic() + 30
            while start("pg_isready", "--quiet", "--host", folder).wait(10) != 0:
                if time.monotonic() > end or server.poll() is not None:
                    failed()
                time.sleep(0.1)
            settings = {"host": folder, "user": USER, "password": "", "db_name": "work"}
            lines = [f'database.postgres.{name} = "{value}"' for name, value in settings.items()]
            yield "\n".join([*lines, 'database.postgres.provision_policy = "auto"'])
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait()
