"""Runs a flow that asks a person, to its end: prints what was told, as JSON."""

import asyncio
import json
import sys

from rollcall_node import FlowRunsClient, ServerRefusedError


async def main(url: str) -> None:
    told: list[str] = []
    breaks: list[str] = []
    async with FlowRunsClient(url, on_break=breaks.append) as client:
        fid = await client.launch(path="asks", inputs={"who": "ann"})
        answers: list[asyncio.Task[object]] = []

        def on_event(event_type: str, payload: dict[str, object]) -> None:
            told.append(event_type)
            if event_type == "RunLocked":
                answers.append(asyncio.create_task(client.answer(fid, str(payload["lid"]), "yes")))

        run = await client.follow(fid, on_event)
        await asyncio.gather(*answers)
        _, total = await client.runs(path="asks")
        acknowledged = await client.acknowledge(fid)
        again = await client.restart(fid)
        killed = await client.kill(again)
        try:
            await client.kill(again)
            refused = 0
        except ServerRefusedError as error:
            refused = error.status
        await client.delete(fid)
        out = {
            "told": told,
            "run": [run["state"], run["result"]],
            "breaks": len(breaks),
            "total": total,
            "acknowledged": acknowledged["acknowledged"] is not None,
            "again": [killed["from"] == fid, killed["error"]["code"]],
            "refused": refused,
        }
    print(json.dumps(out))


asyncio.run(main(sys.argv[1]))
