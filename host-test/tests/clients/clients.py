"""A client in Python takes the tools: python clients.py CLIENT TWOCHAT EVERY_TYPE

`check` starts it, in the place where that client is installed. Says on one line what was
done; whatever else is said, such as a warning, is a failure.
"""

import asyncio
import contextlib
import json
import logging
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, Callable, Coroutine, Dict, Iterator, List

KEY = "canary-7f3a9c51e8"
Tools = List[Dict[str, Any]]
Schema = Dict[str, Any]


class Server:
    """How `twochat mcp` is started."""

    args = ["mcp"]

    def __init__(self, command: str, base: str, cache: str) -> None:
        self.command = command
        self.env = {"TWOCHAT_BASE_URL": base, "TWOCHAT_API_KEY": KEY, "XDG_CACHE_HOME": cache}

    @property
    def settings(self) -> Dict[str, Any]:
        return {"command": self.command, "args": self.args, "env": self.env}


@contextlib.contextmanager
def mock(twochat: str) -> Iterator[str]:
    command = [twochat, "mock", "--key", KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def of_types(schema: Schema) -> None:
    """Whether each value still has a type, or several to choose from."""
    assert schema.get("type") or schema.get("anyOf") or schema.get("any_of"), schema
    for member in (schema.get("properties") or {}).values():
        of_types(member)
    for choice in schema.get("anyOf") or schema.get("any_of") or []:
        of_types(choice)
    if schema.get("items"):
        of_types(schema["items"])


def given(result: Any) -> None:
    """Whether a call gave contacts."""
    text = result if isinstance(result, str) else repr(result)
    assert "CON" in text and "Error" not in text, text


async def openai_agents(server: Server, tools: Tools) -> str:
    from agents.mcp import MCPServerStdio, MCPUtil
    from mcp.types import Tool

    quiet()
    async with MCPServerStdio(params=server.settings) as session:
        listed = await session.list_tools()
        for tool in [*listed, *map(Tool.model_validate, tools)]:
            taken = MCPUtil.to_function_tool(tool, session, convert_schemas_to_strict=True)
            # It keeps a tool without arguments as it is, unless that says a word by which
            # other clients stumble.
            takes_any = bool(taken.params_json_schema["properties"])
            assert taken.strict_json_schema or not takes_any, f"{tool.name} cannot be strict"
            of_types(taken.params_json_schema)
        given(await session.call_tool("list-contacts", {}))
    return f"{len(listed)} tools, strict where they take anything, one called"


async def google_genai(server: Server, tools: Tools) -> str:
    from google.genai import _mcp_utils, types
    from mcp import ClientSession, StdioServerParameters, stdio_client
    from mcp.types import Tool

    quiet()
    parameters = StdioServerParameters(**server.settings)
    async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
        await session.initialize()
        listed = (await session.list_tools()).tools
    raw = [tool.model_dump(by_alias=True, exclude_none=True) for tool in listed]
    for tool in [*raw, *tools]:
        for schema in (tool["inputSchema"], tool.get("outputSchema", {"type": "object"})):
            wanted = types.JSONSchema(**_mcp_utils._filter_to_supported_schema(schema))
            taken = types.Schema.from_json_schema(
                json_schema=wanted, raise_error_on_unsupported_field=True
            )
            if schema["type"] != "null":
                of_types(taken.model_dump(exclude_none=True))
        types.FunctionDeclaration(name=tool["name"], parameters_json_schema=tool["inputSchema"])
    for tool in _mcp_utils.mcp_to_gemini_tools([*listed, *map(Tool.model_validate, tools)]):
        (declared,) = tool.function_declarations or []
        assert declared.parameters
        of_types(declared.parameters.model_dump(exclude_none=True))
    return f"{len(listed)} tools, from their schemas and as tools of MCP"


async def google_adk(server: Server, tools: Tools) -> str:
    from google.adk.tools._gemini_schema_util import _to_gemini_schema
    from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams
    from mcp import StdioServerParameters

    quiet()
    parameters = StdioServerParameters(**server.settings)
    connection = StdioConnectionParams(server_params=parameters, timeout=30)
    toolset = McpToolset(connection_params=connection)
    try:
        listed = await toolset.get_tools()
        for tool in listed:
            assert tool._get_declaration(), tool.name
            of_types(_to_gemini_schema(tool.raw_mcp_tool.input_schema).model_dump(exclude_none=True))
        for every in tools:
            of_types(_to_gemini_schema(every["inputSchema"]).model_dump(exclude_none=True))
    finally:
        await toolset.close()
    return f"{len(listed)} tools declared"


async def langchain(server: Server, tools: Tools) -> str:
    from langchain_core.utils.function_calling import convert_to_openai_tool
    from langchain_google_genai._function_utils import convert_to_genai_function_declarations
    from langchain_mcp_adapters.client import MultiServerMCPClient
    from langchain_mcp_adapters.tools import convert_mcp_tool_to_langchain_tool
    from mcp.types import Tool

    quiet()
    connection: Any = {"transport": "stdio", **server.settings}
    listed = await MultiServerMCPClient({"twochat": connection}).get_tools()
    every = [
        convert_mcp_tool_to_langchain_tool(None, Tool.model_validate(tool), connection=connection)
        for tool in tools
    ]
    for tool in [*listed, *every]:
        for strict in (None, True):
            of_types(convert_to_openai_tool(tool, strict=strict)["function"]["parameters"])
        convert_to_genai_function_declarations([tool])
    (found,) = [tool for tool in listed if tool.name == "list-contacts"]
    given(await found.ainvoke({}))
    return f"{len(listed)} tools for OpenAI and Google, one called"


async def pydantic_ai(server: Server, tools: Tools) -> str:
    from fastmcp.client.transports import StdioTransport
    from pydantic_ai.mcp import MCPToolset
    from pydantic_ai.profiles.google import GoogleJsonSchemaTransformer
    from pydantic_ai.profiles.openai import OpenAIJsonSchemaTransformer

    quiet()
    toolset: Any = MCPToolset(StdioTransport(**server.settings, keep_alive=False))
    async with toolset:
        listed = await toolset.list_tools()
        inputs = [tool.model_dump(by_alias=True)["inputSchema"] for tool in listed]
        for schema in [*inputs, *(tool["inputSchema"] for tool in tools)]:
            of_types(OpenAIJsonSchemaTransformer(schema, strict=True).walk())
            of_types(GoogleJsonSchemaTransformer(schema).walk())
        given(await toolset.direct_call_tool("list-contacts", {}))
    return f"{len(listed)} tools for OpenAI and Google, one called"


CLIENTS: Dict[str, Callable[[Server, Tools], Coroutine[Any, Any, str]]] = {
    "openai-agents": openai_agents,
    "google-genai": google_genai,
    "google-adk": google_adk,
    "langchain": langchain,
    "pydantic-ai": pydantic_ai,
}


def quiet() -> None:
    """From here on a warning is an error. What a client says of itself while it is
    imported has nothing to do with the tools."""
    warnings.resetwarnings()
    warnings.simplefilter("error")
    for known in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning, ImportWarning):
        warnings.simplefilter("ignore", known)
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, force=True)


def main() -> None:
    client, twochat, every_type = sys.argv[1:]
    warnings.simplefilter("ignore")
    tools = json.loads(Path(every_type).read_text())["tools"]
    with mock(twochat) as base, tempfile.TemporaryDirectory() as cache:
        server = Server(twochat, base, cache)
        print(asyncio.run(CLIENTS[client](server, tools)))


if __name__ == "__main__":
    main()
