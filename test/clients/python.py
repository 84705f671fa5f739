"""A client made with the official Python SDK, version 1 or 2. It does what the plan
says, one action after the other, and writes what came of each as one line of JSON.
See plan_test.go.

  python.py 1|2 PLAN
"""

import asyncio
import json
import sys
import traceback
import urllib.request
from contextlib import asynccontextmanager

from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

second = sys.argv[1] == "2"
plan = json.loads(sys.argv[2])

if second:
    from mcp import Client, MCPError
    from mcp_types import ResourceTemplateReference
else:
    from mcp import ClientSession, McpError as MCPError
    from mcp.types import CancelledNotification, CancelledNotificationParams, ClientNotification, ResourceTemplateReference


def transport():
    if plan.get("url"):
        return streamable_http_client(plan["url"])
    command, *arguments = plan["command"]
    return stdio_client(StdioServerParameters(command=command, args=arguments, env=plan["env"]))


def field(of, name):
    """A field by the name of the protocol; version 2 has names of Python's style."""
    if second:
        name = "".join("_" + c.lower() if c.isupper() else c for c in name)
    return getattr(of, name)


@asynccontextmanager
async def connection():
    """A client, and the protocol version and the name that the server told."""
    if second:
        async with Client(transport(), mode="auto" if plan["modern"] else "legacy") as client:
            yield client, client.protocol_version, client.server_info.name
        return
    async with transport() as (read, write, *_), ClientSession(read, write) as session:
        result = await session.initialize()
        yield session, result.protocolVersion, result.serverInfo.name


class Actions:
    def __init__(self, client, version, server):
        self.client, self.version, self.server = client, version, server

    async def connect(self):
        return {"version": self.version, "server": self.server}

    async def list(self):
        return {
            "tools": [tool.name for tool in (await self.client.list_tools()).tools],
            "resources": [str(resource.uri) for resource in (await self.client.list_resources()).resources],
            "templates": [
                field(template, "uriTemplate")
                for template in field(await self.client.list_resource_templates(), "resourceTemplates")
            ],
            "prompts": [prompt.name for prompt in (await self.client.list_prompts()).prompts],
        }

    async def call(self):
        result = await self.client.call_tool(plan["call"]["name"], plan["call"]["arguments"])
        return {"text": text(result), "structured": field(result, "structuredContent")}

    async def read(self):
        return {"text": (await self.client.read_resource(plan["read"])).contents[0].text}

    async def prompt(self):
        result = await self.client.get_prompt(plan["prompt"]["name"], plan["prompt"]["arguments"])
        return {"text": result.messages[0].content.text}

    async def complete(self):
        wanted = plan["complete"]
        reference = ResourceTemplateReference(type="ref/resource", uri=wanted["uri"])
        result = await self.client.complete(reference, {"name": wanted["name"], "value": wanted["value"]})
        return {"values": result.completion.values}

    async def progress(self):
        told = []

        async def tell(progress, total, message):
            told.append({"progress": progress, "total": total, "message": message})
            await asyncio.to_thread(urllib.request.urlopen, plan["told"])

        await self.client.call_tool(plan["progress"]["name"], plan["progress"]["arguments"], progress_callback=tell)
        return {"progress": told}

    async def cancel(self):
        request_id = None if second else self.client._request_id
        task = asyncio.create_task(self.client.call_tool(plan["cancel"]["name"], plan["cancel"]["arguments"]))
        await asyncio.to_thread(urllib.request.urlopen, plan["held"])
        if not second:
            # Version 1 tells the server nothing of a task that is cancelled; an
            # application that wants that sends the notification itself.
            cancelled = CancelledNotificationParams(requestId=request_id, reason="enough")
            await self.client.send_notification(ClientNotification(CancelledNotification(params=cancelled)))
        task.cancel()
        try:
            await task
            raise RuntimeError("it was not cancelled")
        except asyncio.CancelledError:
            failure = "cancelled"
        except MCPError as error:
            failure = error.error.message
        await asyncio.to_thread(urllib.request.urlopen, plan["stopped"])
        await self.client.list_tools(**({"cache_mode": "bypass"} if second else {}))  # the connection goes on
        return {"failure": failure}

    async def error(self):
        result = await self.client.call_tool(plan["refused"]["name"], plan["refused"]["arguments"])
        try:
            await self.client.get_prompt(plan["unknown"]["name"])
            raise RuntimeError("it was not refused")
        except MCPError as error:
            return {
                "text": text(result),
                "refused": field(result, "isError"),
                "code": error.error.code,
                "failure": error.error.message,
            }


def text(result):
    return "".join(part.text for part in result.content)


async def main():
    async with connection() as connected:
        actions = Actions(*connected)
        for action in ["connect", "list", "call", "read", "prompt", "complete", "progress", "cancel", "error"]:
            try:
                outcome = await getattr(actions, action)()
            except Exception:
                outcome = {"error": traceback.format_exc()}
            print(json.dumps({"action": action, **outcome}), flush=True)


asyncio.run(main())
