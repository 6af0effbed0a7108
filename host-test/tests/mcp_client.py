"""The official Python SDK as an agent of `twochat mcp`: python3 mcp_client.py TWOCHAT

Does what an agent does, once for each way in which a client opens a session,
and exits with an error where anything is not as it should be.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time

from mcp import Client, MCPError, StdioServerParameters, stdio_client

KEY = "canary-7f3a9c51e8"
PATIENCE = 60


def step(words):
    print(f"  {words}", flush=True)


@contextlib.contextmanager
def mock(twochat, *faults):
    command = [twochat, "mock", "--key", KEY]
    command += [word for fault in faults for word in ("--fault", fault)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


class Hanging:
    """A server that never answers, and knows whether it is still waited for."""

    def __init__(self):
        self.asked, self.closed = asyncio.Event(), asyncio.Event()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.hang, "127.0.0.1", 0)
        host, port = self.server.sockets[0].getsockname()
        self.base = f"http://{host}:{port}/open"
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def hang(self, reader, writer):
        while await reader.read(4096):
            self.asked.set()
        self.closed.set()
        writer.close()


def text_of(result):
    texts = [content.text for content in result.content if content.type == "text"]
    assert len(texts) == len(result.content) and not any(KEY in text for text in texts), result
    return texts[0]


def example(tool):
    """Arguments as the tool's own schema shows them: the examples of what it needs."""
    schema = tool.input_schema
    return {name: schema["properties"][name]["examples"][0] for name in schema.get("required", [])}


async def works(agent):
    listed = await agent.list_tools()
    tools = {tool.name: tool for tool in listed.tools}
    assert {"create-contact", "list-contacts"} <= tools.keys(), tools.keys()
    for tool in tools.values():
        assert tool.title and len(tool.description) > 100, tool
        assert tool.input_schema["type"] == tool.output_schema["type"] == "object", tool
        assert isinstance(tool.annotations.read_only_hint, bool), tool
        assert isinstance(tool.annotations.destructive_hint, bool), tool
        assert tool.annotations.open_world_hint is True, tool
    assert "2Chat" in agent.instructions, agent.instructions
    step(f"lists {len(tools)} tools")

    for tool in tools.values():
        result = await agent.call_tool(tool.name, example(tool))
        assert not result.is_error, result
        assert json.loads(text_of(result)) == result.structured_content, result
    step("calls each of them; what they give is of the listed schemas")

    created = await agent.call_tool("create-contact", example(tools["create-contact"]))
    found, page = [], 0
    while page is not None:
        arguments = {"page-number": page, "results-per-page": 2}
        listed = (await agent.call_tool("list-contacts", arguments)).structured_content
        found += [contact["uuid"] for contact in listed["contacts"]]
        page = listed.get("next-page")
    assert found.count(created.structured_content["uuid"]) == 1, found
    step("creates a contact and finds it, page by page")

    wrong = await agent.call_tool("list-contacts", {"page-number": "one"})
    assert wrong.is_error and text_of(wrong).startswith("page-number: "), wrong
    try:
        await agent.call_tool("list-contact", {})
    except MCPError as error:
        assert error.error.code == -32602 and "list-contacts" in str(error), error
    else:
        raise AssertionError("a tool that there is not was called")
    step("is told what is wrong with a call")


async def fails(agent):
    result = await agent.call_tool("list-contacts", {})
    assert result.is_error and result.structured_content is None, result
    text = text_of(result)
    assert text.endswith("not carried out. Wait 7 seconds, then repeat the same call."), text
    step("is told how long to wait")


async def waits(agent, server):
    heard = []

    async def hear(progress, total, message):
        heard.append((progress, message))

    call = agent.call_tool("test-api-key", {}, progress_callback=hear)
    call = asyncio.create_task(call)
    await server.asked.wait()
    while len(heard) < 2:
        await asyncio.sleep(0.1)
    values = [progress for progress, _ in heard]
    assert values == sorted(set(values)) and all(message for _, message in heard), heard
    step("hears of a long call while it waits")

    assert not server.closed.is_set()
    call.cancel()
    await asyncio.wait_for(server.closed.wait(), 5)
    assert (await agent.call_tool("list-contacts", {"page": 0})).is_error
    step("gives it up, which ends its request, and is served on")


async def main(twochat):
    with tempfile.TemporaryDirectory() as cache:

        def agent(base, mode):
            settings = {
                "TWOCHAT_BASE_URL": base,
                "TWOCHAT_API_KEY": KEY,
                "XDG_CACHE_HOME": cache,
            }
            command = StdioServerParameters(command=twochat, args=["mcp", "--no-retry"], env=settings)
            return Client(stdio_client(command), mode=mode)

        for mode in ("legacy", "auto"):
            with mock(twochat) as base:
                async with agent(base, mode) as client:
                    print(f"version {client.protocol_version}")
                    await works(client)
                    left = time.monotonic()
                # After two seconds the SDK would have killed it.
                assert time.monotonic() - left < 2, "it does not end by itself"
                step("ends with its input")
            with mock(twochat, "status-429", "retry-after") as base:
                async with agent(base, mode) as client:
                    await fails(client)
            async with Hanging() as server, agent(server.base, mode) as client:
                await waits(client, server)


if __name__ == "__main__":
    asyncio.run(asyncio.wait_for(main(sys.argv[1]), PATIENCE))
