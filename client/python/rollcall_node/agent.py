"""Registers a node and keeps it alive, by the lease that the registry grants."""

import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .json_request import JsonAnswer, ServerRefusedError, ServerUnavailableError

TTL_DEFAULT = 90.0
FIRST_WAIT = 0.5
LEAST_PART = 0.8
"""The rest of a wait between beats is random."""
REFUSED_WAIT = 300.0
"""After a refusal: somebody has to change something first."""
START_SPREAD = 10.0
"""Machines that start together, as after a power cut, don't come together."""

REGISTER = "/api/v1/nodes/register"
HEARTBEAT = "/api/v1/nodes/heartbeat"


class AgentWorld(Protocol):
    """What the agent needs of the world. Times in seconds."""

    async def post(self, path: str, body: Mapping[str, object]) -> JsonAnswer:
        """Asks the registry. Raises ServerUnavailableError."""

    async def pause(self, seconds: float) -> None:
        """Ends early when the agent is to stop."""

    def random(self) -> float:
        """From 0 to below 1."""

    def is_stopping(self) -> bool: ...

    def say(self, line: str) -> None: ...


class NodeAgent:
    """`node`: hostname, ip, role, labels, metadata. `on_registered`: told the id that the registry has it by."""

    def __init__(
        self,
        world: AgentWorld,
        node: Mapping[str, object],
        node_id: str | None,
        load: Callable[[], Mapping[str, object]],
        on_registered: Callable[[str], None],
    ) -> None:
        self._world = world
        self._node = node
        self._node_id = node_id
        self._load = load
        self._on_registered = on_registered
        self._is_registered = False
        self._ttl = TTL_DEFAULT
        self._failures = 0
        self._retry_after = 0.0
        self._last_said = ""
        self._is_in_step = False
        """With others, perhaps: it has just registered."""

    async def once(self) -> str:
        """Registers and beats once; tries again, with back-off, until it is to stop.

        Raises ServerRefusedError at once; else the last failure before that.
        """
        last: ServerUnavailableError | None = None
        while True:
            try:
                return await self._live()
            except ServerUnavailableError as error:
                # One that was broken off says nothing of the reason.
                if self._world.is_stopping():
                    raise last or error from None
                last = error
                self._failed(error)
                await self._world.pause(self._wait(error))

    async def run(self) -> None:
        """Until it is to stop; then it says goodbye."""
        await self._world.pause(self._world.random() * START_SPREAD)
        while not self._world.is_stopping():
            failure: Exception | None = None
            try:
                await self._live()
            except (ServerUnavailableError, ServerRefusedError) as error:
                self._failed(error)
                failure = error
            await self._world.pause(self._wait(failure))
        if self._is_registered:
            # Its lease ends in any case.
            with contextlib.suppress(ServerUnavailableError, ServerRefusedError):
                await self._post(HEARTBEAT, {"node_id": self._node_id, "status": "offline"})

    async def _live(self) -> str:
        """One round: what is not registered registers, then it beats."""
        is_new = not self._is_registered
        if is_new:
            await self._register()
        node_id = self._node_id or ""
        try:
            answer = await self._post(HEARTBEAT, {"node_id": node_id, "metrics": self._load()})
        except ServerRefusedError as error:
            if error.status != 404:
                raise
            self._is_registered = False
            if is_new:
                raise ServerUnavailableError(f"registered, and not known: {error}") from error
            # It was purged, or the registry is a new one: the same id again.
            self._say("the registry does not know this node any more: registers again")
            return await self._live()
        self._ttl = _ttl_of(answer)
        self._failures = 0
        self._say(f"alive as {node_id}")
        return node_id

    async def _register(self) -> None:
        given = {} if self._node_id is None else {"node_id": self._node_id}
        answer = await self._post(REGISTER, {**self._node, **given})
        node_id = answer.get("node_id")
        if not isinstance(node_id, str):
            raise ServerUnavailableError("the answer names no node_id")
        self._ttl = _ttl_of(answer)
        self._node_id = node_id
        self._is_registered = True
        self._is_in_step = True
        self._on_registered(node_id)

    async def _post(self, path: str, body: Mapping[str, object]) -> Mapping[str, Any]:
        answer = await self._world.post(path, body)
        self._retry_after = answer.retry_after or 0.0
        if answer.status == 200 and isinstance(answer.body, dict):
            return answer.body
        said = f"POST {path}: {answer.status} {_detail_of(answer.body)}"
        if answer.status in (408, 429) or answer.status >= 500 or answer.status < 400:
            raise ServerUnavailableError(said)
        raise ServerRefusedError(answer.status, said)

    def _wait(self, failure: Exception | None) -> float:
        """How long until the next try.

        After an answered beat a third of the lease, less a random part, so that nodes don't fall into step; after the
        one of a registration any part of it, so that those who came together part. After a failure twice as long each
        time, up to that, and never before the server's Retry-After.
        """
        share = self._world.random()
        beat = self._ttl / 3
        if isinstance(failure, ServerRefusedError):
            return REFUSED_WAIT * (0.5 + share)
        if failure is None:
            least = 0.0 if self._is_in_step else LEAST_PART
            self._is_in_step = False
            return beat * (least + (1 - least) * share)
        back_off = FIRST_WAIT * 2.0 ** min(self._failures - 1, 20)
        least = 0.5 if back_off < beat else LEAST_PART
        return self._retry_after + min(back_off, beat) * (least + (1 - least) * share)

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if isinstance(error, ServerRefusedError):
            self._say(f"refused, and asked again only in minutes: {error}")
        else:
            self._say(f"no answer: {error}")

    def _say(self, line: str) -> None:
        """The same again is no news."""
        if line != self._last_said:
            self._world.say(line)
        self._last_said = line


def _ttl_of(answer: Mapping[str, Any]) -> float:
    lease = answer.get("lease")
    seconds = lease.get("ttl_seconds") if isinstance(lease, dict) else None
    usable = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0
    return min(float(seconds), 86_400.0) if usable and seconds is not None else TTL_DEFAULT


def _detail_of(body: object) -> str:
    known = body if isinstance(body, dict) else {}
    return str(known.get("detail") or known.get("title") or json.dumps(body))[:500]
