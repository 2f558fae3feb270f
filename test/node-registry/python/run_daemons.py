"""Runs many daemons on a clock of their own, from `away` to `back` without a registry: prints when they asked, in s."""

import asyncio
import heapq
import itertools
import json
import random
import sys
from collections.abc import Mapping

from rollcall_node.agent import NodeAgent
from rollcall_node.json_request import JsonAnswer, ServerUnavailableError

GRANTED = {"node_id": "n1", "status": "online", "lease": {"ttl_seconds": 90}}


class World:
    """One for all: a clock, a registry that may be away, and chance."""

    def __init__(self, away: float, back: float) -> None:
        self.now = 0.0
        self.asked: list[float] = []
        self._away = away
        self._back = back
        self._random = random.Random(1)
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    async def post(self, path: str, body: Mapping[str, object]) -> JsonAnswer:
        self.asked.append(self.now)
        if self._away <= self.now < self._back:
            raise ServerUnavailableError("connection refused")
        return JsonAnswer(200, GRANTED, None)

    async def pause(self, seconds: float) -> None:
        done = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.now + seconds, next(self._number), done))
        await done

    def random(self) -> float:
        return self._random.random()

    def is_stopping(self) -> bool:
        return False

    def say(self, line: str) -> None:
        pass

    async def run_until(self, until: float) -> None:
        while True:
            for _ in range(20):
                await asyncio.sleep(0)
            if not self._waiting or self._waiting[0][0] > until:
                return
            self.now, _, done = heapq.heappop(self._waiting)
            done.set_result(None)


async def main(count: int, away: float, back: float, until: float) -> None:
    world = World(away, back)
    node = {"hostname": "h", "ip": "10.0.0.1", "role": "r", "labels": [], "metadata": {}}
    agents = [NodeAgent(world, node, None, dict, lambda _: None) for _ in range(count)]
    tasks = [asyncio.create_task(agent.run()) for agent in agents]
    await world.run_until(until)
    for task in tasks:
        task.cancel()
    print(json.dumps(world.asked))


asyncio.run(main(int(sys.argv[1]), *map(float, sys.argv[2:5])))
