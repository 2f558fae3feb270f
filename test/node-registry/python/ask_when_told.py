"""For each line of standard input: what the client's list is then, as a line of JSON."""

import asyncio
import json
import sys

from rollcall_node import NodeRegistryClient


async def main(url: str) -> None:
    changes: list[bool] = []
    async with NodeRegistryClient(url, on_change=lambda stale, _: changes.append(stale)) as client:
        while await asyncio.to_thread(sys.stdin.readline):
            nodes = await client.get_nodes_by_role("worker-node")
            told = {
                "stale": nodes.stale,
                "since": nodes.since and nodes.since.isoformat(),
                "why": nodes.why,
                "nodes": nodes,
                "changes": changes,
            }
            print(json.dumps(told), flush=True)


asyncio.run(main(sys.argv[1]))
