"""Asks for a list twice by each name: prints what each answer was, as JSON. The name is sent as the token."""

import asyncio
import json
import sys

from rollcall_node import NodeRegistryClient


async def ask(url: str, name: str) -> dict[str, object]:
    changes: list[bool] = []
    async with NodeRegistryClient(url, token=name, on_change=lambda stale, _: changes.append(stale)) as client:
        good = await client.get_nodes()
        kept = await client.get_nodes()
        return {
            "good": [good.stale, [node["node_id"] for node in good]],
            "kept": [kept.stale, [node["node_id"] for node in kept]],
            "is_since_good": kept.since == good.since,
            "why": kept.why,
            "changes": changes,
        }


async def main(url: str, names: list[str]) -> None:
    print(json.dumps({name: await ask(url, name) for name in names}))


asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
