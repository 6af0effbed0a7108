"""The official conformance suite against `twochat mcp --http`: mcp_conformance.py TWOCHAT

Runs every scenario for servers in both forms of the protocol, with sessions and without,
and exits with an error where a check fails that is not named here with a reason. Then the
official inspector lists and calls.

The suite and a Node that it runs on are installed into target/ by npm.
"""

import collections
import contextlib
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

PACKAGES = [
    "@modelcontextprotocol/conformance@0.2.0-alpha.12",
    "@modelcontextprotocol/inspector@2.12.0",
    "node@22.23.3",
]
VERSIONS = ["2025-11-25", "2026-07-28"]
PATIENCE = 240

# Scenarios, with a `/` single checks of them, that a server of these tools cannot meet.
OF_TEST_TOOLS = "it calls a tool that only a server made for the suite has"
NOT_APPLICABLE = {
    OF_TEST_TOOLS: [
        "tools-call-*",
        "elicitation-sep*",
        "json-schema-2020-12",
        "input-required-result-*",
        "server-sse-polling",
        "server-stateless/sep-2575-server-rejects-undeclared-capability",
        "server-stateless/sep-2575-missing-capability-http-400",
        "server-stateless/sep-2575-http-server-no-independent-requests-on-stream",
        "server-stateless/sep-2575-server-no-log-without-loglevel",
        "http-custom-header-server-validation",
    ],
    "it asks for a prompt or resource that only a server made for the suite has": [
        "prompts-get-*",
        "resources-read-*",
        "resources-templates-read",
    ],
    "resources do not change, and no subscriptions to them are announced": [
        "resources-subscribe",
        "resources-unsubscribe",
    ],
    "there is no logging to the client, and none is announced": ["logging-set-level"],
    "there are no completions, and none are announced": ["completion-complete"],
}


def run(*words: str, **settings: str) -> str:
    done = subprocess.run(
        words, env=os.environ | settings, text=True, capture_output=True, timeout=PATIENCE
    )
    if done.returncode > 1:
        sys.exit(f"{words[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def served(*words: str, **settings: str) -> Iterator[str]:
    """A server that says where it is in its first line."""
    with subprocess.Popen(
        words, env=os.environ | settings, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def reason(scenario: str, check: str) -> str | None:
    for why, patterns in NOT_APPLICABLE.items():
        for pattern in patterns:
            name = f"{scenario}/{check}" if "/" in pattern else scenario
            if fnmatch.fnmatch(name, pattern):
                return why
    return None


def judge(version: str, results: pathlib.Path) -> list[str]:
    """Says what passed and what does not apply; gives what fails."""
    passed, whole, failed = 0, [], []
    left_out: dict[str, list[str]] = collections.defaultdict(list)
    for file in sorted(results.glob("*/checks.json")):
        scenario = re.sub(r"^server-(.*)-\d{4}-\d\d-\d\dT.*$", r"\1", file.parent.name)
        checks = [(check["id"], check["status"]) for check in json.loads(file.read_text())]
        wrong = [check for check, status in checks if status in ("FAILURE", "WARNING")]
        passed += sum(status == "SUCCESS" for _, status in checks)
        for check in wrong:
            if why := reason(scenario, check):
                left_out[why].append(scenario if len(checks) < 5 else f"{scenario}/{check}")
            else:
                failed.append(f"{version}: {scenario}: {check}")
        if not wrong:
            whole.append(scenario)
    print(f"{version}: {passed} checks pass; whole scenarios: {', '.join(whole)}")
    for why, names in left_out.items():
        print(f"  {why}: {', '.join(dict.fromkeys(names))}")
    # A suite that ran nothing passes nothing.
    missing = {"tools-list", "prompts-list", "resources-list", "dns-rebinding-protection"}
    missing.add("server-sse-multiple-streams")
    return failed + [f"{version}: {name} was not passed" for name in missing - set(whole)]


def main() -> None:
    twochat = sys.argv[1]
    folder = pathlib.Path("target/mcp-conformance").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{ "private": true }')
    run("npm", "install", "--prefix", str(folder), "--silent", "--no-save", *PACKAGES)
    programs = folder / "node_modules/.bin"
    path = f"{programs}:{os.environ['PATH']}"
    wrong = []
    with served(twochat, "mock", "--requests-per-minute", "1000000") as base_url:
        settings = {
            "TWOCHAT_BASE_URL": base_url,
            "TWOCHAT_API_KEY": "mock-key",
            # Where no policy is.
            "XDG_CONFIG_HOME": str(folder),
        }
        with served(twochat, "mcp", "--http", "127.0.0.1:0", **settings) as url:
            for version in VERSIONS:
                results = folder / "results" / f"{os.getpid()}-{version}"
                suite = ["server", "--url", url, "--suite", "all", "--spec-version", version]
                run(str(programs / "conformance"), *suite, "-o", str(results), PATH=path)
                wrong += judge(version, results)
            inspect = [str(programs / "mcp-inspector"), "--cli", url, "--transport", "http"]
            listed = run(*inspect, "--method", "tools/list", PATH=path)
            call = ["--method", "tools/call", "--tool-name", "test-api-key"]
            called = run(*inspect, *call, PATH=path)
            if "create-contact" not in listed or "The key works." not in called:
                wrong.append(f"the inspector: {listed}{called}")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
