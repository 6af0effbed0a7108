"""An agent that makes each call once: TWOCHAT_API_KEY=… python3 calls.py

The server is the command `twochat mcp`; it gets the arguments given here.
"""

import asyncio
import os
import sys
from typing import Any, Optional

from mcp import Client, MCPError, StdioServerParameters, stdio_client


class Failed(Exception):
    """What the tool says of its failure, and what to do next."""


async def call(agent: Client, tool: str, **arguments: Any) -> Any:
    named = {name.replace("_", "-"): value for name, value in arguments.items()}
    result = await agent.call_tool(tool, named)
    if result.is_error:
        raise Failed("".join(getattr(content, "text", "") for content in result.content))
    return result.structured_content


async def calls(agent: Client) -> None:
    print("test-api-key:", (await call(agent, "test-api-key"))["verdict"])
    print("get-api-usage-info:", (await call(agent, "get-api-usage-info"))["account"]["uuid"])
    details = [{"kind": "phone", "value": "+14155550123"}]
    created = await call(agent, "create-contact", first_name="Ada", details=details)
    print("create-contact:", created["uuid"])
    page = await call(agent, "list-contacts", results_per_page=100)
    print("list-contacts:", *(contact["uuid"] for contact in page["contacts"]))
    webhooks = (await call(agent, "list-webhook-subscriptions"))["subscriptions"]
    print("list-webhook-subscriptions:", *(webhook["uuid"] for webhook in webhooks))


async def session() -> Optional[str]:
    """What failed, if anything; raised within the session, the SDK would wrap it in groups."""
    settings = {name: os.environ[name] for name in os.environ if name.startswith("TWOCHAT_")}
    server = StdioServerParameters(command="twochat", args=["mcp", *sys.argv[1:]], env=settings)
    async with Client(stdio_client(server)) as agent:
        try:
            await calls(agent)
        except Failed as failed:
            return str(failed)
    return None


try:
    failure = asyncio.run(session())
except* MCPError:
    failure = "twochat mcp has ended: it said why"
sys.exit(failure)
