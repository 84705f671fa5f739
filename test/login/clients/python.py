"""A client made with the official Python SDK, version 1 or 2, as its authors mean
it to be used: the HTTP client is given an OAuthClientProvider and does the rest.

  python.py 1|2 MCP-URL CALLBACK-URL

It writes one JSON object a line: {"open": URL} when a person has to go to the
browser, after which it reads the address that the browser was sent back to as one
line, and at the end {"first": …, "second": …, "third": …, "fourth": …}.
"""

import asyncio
import json
import sys
import time
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import OAuthClientMetadata

generation, server, redirect_uri = sys.argv[1:]


def say(message):
    print(json.dumps(message), flush=True)


class Kept:
    """What the client keeps, as on a disk."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def open_browser(url):
    say({"open": url})


async def answer():
    line = await asyncio.to_thread(sys.stdin.readline)
    query = {name: values[0] for name, values in parse_qs(urlsplit(line.strip()).query).items()}
    if generation == "1":
        return query["code"], query["state"]
    from mcp.shared.auth import AuthorizationCodeResult

    return AuthorizationCodeResult(code=query["code"], state=query["state"], iss=query["iss"])


kept = Kept()
metadata = OAuthClientMetadata(
    client_name=f"Python SDK {generation}",
    redirect_uris=[redirect_uri],
    grant_types=["authorization_code", "refresh_token"],
    response_types=["code"],
)
provider = OAuthClientProvider(server, metadata, kept, open_browser, answer)


@asynccontextmanager
async def connection():
    async with create_mcp_http_client(auth=provider) as http:
        if generation == "2":
            from mcp import Client

            async with Client(streamable_http_client(server, http_client=http)) as client:
                yield client
            return
        async with streamable_http_client(server, http_client=http) as (read, write, _):
            async with ClientSession(read, write) as session:
                await session.initialize()
                yield session


async def names():
    async with connection() as client:
        return sorted(tool.name for tool in (await client.list_tools()).tools)


async def upsert():
    async with connection() as client:
        result = await client.call_tool("node_upsert", {"kind": "BuiltinTag", "data": {"name": f"python-{generation}"}})
        structured = result.structuredContent if generation == "1" else result.structured_content
        return structured["branch"]


async def main():
    result = {"first": await names()}
    result["second"] = await upsert()  # asks for the scope that is missing
    result["third"] = await names()

    # A token that has expired is refreshed without a person.
    before = kept.tokens
    provider.context.token_expiry_time = time.time() - 1
    result["fourth"] = await names()
    result["rotated"] = kept.tokens.refresh_token != before.refresh_token
    say(result)


asyncio.run(main())
