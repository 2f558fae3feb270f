"""Reads registries of flow nodes, and runs flows at a flow node."""

import asyncio
import json
import random
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urljoin

import httpx

from .json_request import ServerRefusedError, ServerUnavailableError
from .repeated_requests import RepeatedRequests, ServerClient
from .server_sent_events import ServerSentEvent, parse_events

NODES_BYTES_MAX = 256 * 1024 * 1024
RUNS_BYTES_MAX = 16 * 1024 * 1024
SILENCE_SECONDS = 45.0
"""The server sends something more often; after a longer silence the connection is broken."""
ENDS = frozenset({"RunDone", "RunFailed", "RunDeleted"})

FlowNode = dict[str, Any]
"""A node as the registry lists it, also when it is gone: node, online, heartbeat, alive, flows."""
FlowRun = dict[str, Any]
"""A run as its node shows it: fid, path, name, state, created, started, ended, progress, result, error, locks."""


class FlowNodesClient(ServerClient):
    """Reads a registry of flow nodes.

    Its methods raise ServerUnavailableError without an answer that can be believed, and ServerRefusedError when the
    registry says no.
    """

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 30.0, tries: int = 3) -> None:
        """`timeout`: for one question with its repeats, seconds."""
        self._requests = RepeatedRequests(url, token=token, timeout=timeout, tries=tries)

    async def get_nodes(self, path: str | None = None) -> list[FlowNode]:
        """Those that are gone too: `alive` and `online` tell. With `path` those that offer that flow."""
        asked = "/nodes" if path is None else f"/nodes?{urlencode({'path': path})}"
        answer = await self._requests.send("GET", asked, bytes_max=NODES_BYTES_MAX, expected=(200,))
        nodes = answer.body.get("nodes") if isinstance(answer.body, dict) else None
        if not isinstance(nodes, list):
            raise ServerUnavailableError(f"GET {asked}: no nodes")
        return nodes

    async def get_offers(self, path: str) -> list[FlowNode]:
        """Nodes that a flow can be launched at: connected, alive, and offering it."""
        return [node for node in await self.get_nodes(path) if node.get("alive") and node.get("online") is not None]


class FlowRunsClient(ServerClient):
    """Runs flows at a flow node.

    What is sent may arrive twice and counts once: each command has an idempotency key, and is repeated until there is
    an answer. Its methods raise ServerUnavailableError without one that can be believed, and ServerRefusedError when
    the node says no: 403, 404, or 409 in a state that does not allow it.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout: float = 10.0,
        tries: int = 3,
        on_break: Callable[[str], None] | None = None,
    ) -> None:
        """`timeout`: for one request with its repeats, seconds. `on_break(why)`: told when a stream breaks off."""
        self._requests = RepeatedRequests(url, token=token, timeout=timeout, tries=tries)
        self._on_break = on_break

    async def launch(
        self, *, path: str | None = None, name: str | None = None, inputs: Mapping[str, object] | None = None
    ) -> str:
        """Launches a flow, by its path or its name; gives the run's id."""
        flow = {key: value for key, value in (("path", path), ("name", name)) if value is not None}
        launched = await self._command("POST", "/flow", {**flow, "inputs": dict(inputs or {})})
        return str(launched["fid"])

    async def runs(
        self, *, state: str | None = None, path: str | None = None, page: int = 1, page_size: int = 20
    ) -> tuple[list[FlowRun], int]:
        """Runs of a page, the youngest first, and how many there are on all pages."""
        asked = {"p": page, "pp": page_size, "state": state, "path": path}
        query = urlencode({key: value for key, value in asked.items() if value is not None})
        body = await self._get(f"/flow?{query}")
        return body["runs"], body["total"]

    async def run(self, fid: str) -> FlowRun:
        return await self._get(_path(fid, "state"))

    async def answer(self, fid: str, lid: str, result: object) -> FlowRun:
        """Answers what a run asks, also before it has asked. Of two who answer one question the second is refused."""
        return await self._command("PUT", _path(fid, "lock"), {"lid": lid, "result": result})

    async def kill(self, fid: str) -> FlowRun:
        return await self._command("PUT", _path(fid, "kill"))

    async def acknowledge(self, fid: str) -> FlowRun:
        """Somebody has seen how it ended."""
        return await self._command("PUT", _path(fid, "ack"))

    async def restart(self, fid: str) -> str:
        """Runs once more what has ended; gives the new run's id."""
        return str((await self._command("PUT", _path(fid, "restart")))["fid"])

    async def delete(self, fid: str) -> None:
        """A run that has ended is in no list any more."""
        await self._command("PUT", _path(fid, "delete"))

    async def share(self, fid: str, expires_in: str = "1h") -> dict[str, Any]:
        """`{"url", "expires_at"}` of a link that opens the run's state to whoever has it, for 30d at most."""
        return await self._command("PUT", _path(fid, "share"), {"expires_in": expires_in})

    async def follow(self, fid: str, on_event: Callable[[str, dict[str, Any]], None] | None = None) -> FlowRun:
        """Tells `on_event(type, payload)` all that becomes of a run, from its first event on and each once.

        Gives the run when it has ended. A stream that breaks goes on behind the last event that was read.
        """
        await self.run(fid)
        told: set[str] = set()
        async for envelope in self._envelopes(_path(fid, "stream")):
            event_id, event_type = str(envelope.get("envelope_id")), envelope.get("payload_type")
            if not isinstance(event_type, str) or event_id in told:
                continue
            told.add(event_id)
            if on_event is not None:
                on_event(event_type, dict(envelope.get("payload") or {}))
            if event_type in ENDS:
                break
        return await self.run(fid)

    async def _envelopes(self, path: str) -> AsyncIterator[dict[str, Any]]:
        cursor: str | None = None
        failures = 0
        while True:
            try:
                async for event in self._events(path, cursor):
                    failures = 0
                    cursor = event.id or cursor
                    envelope = _object(event.data)
                    if envelope is not None:
                        yield envelope
                why = "it has ended"
            except (httpx.HTTPError, TimeoutError, ServerUnavailableError) as error:
                why = str(error) or type(error).__name__
            if self._on_break is not None:
                self._on_break(why)
            failures += 1
            await asyncio.sleep(min(0.1 * 2 ** (failures - 1), 5.0) * (0.75 + random.random() / 2))

    async def _events(self, path: str, cursor: str | None) -> AsyncIterator[ServerSentEvent]:
        requests = self._requests
        headers = {"accept": "text/event-stream"}
        if requests.token is not None:
            headers["authorization"] = f"Bearer {requests.token}"
        if cursor is not None:
            headers["last-event-id"] = cursor
        timeout = httpx.Timeout(10.0, read=SILENCE_SECONDS)
        http = requests.connections()
        async with http.stream("GET", urljoin(requests.url, path), headers=headers, timeout=timeout) as response:
            if response.status_code in (401, 403, 404):
                raise ServerRefusedError(response.status_code, f"GET {path}: {response.status_code}")
            if response.status_code != 200:
                raise ServerUnavailableError(f"GET {path}: {response.status_code}")
            async for event in parse_events(response.aiter_text()):
                yield event

    async def _get(self, path: str) -> dict[str, Any]:
        return _body((await self._requests.send("GET", path, bytes_max=RUNS_BYTES_MAX, expected=(200,))).body, path)

    async def _command(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        answer = await self._requests.send(
            method,
            path,
            bytes_max=RUNS_BYTES_MAX,
            expected=(200, 201, 204),
            body=body,
            headers={"idempotency-key": str(uuid.uuid4())},
        )
        return {} if answer.status == 204 else _body(answer.body, path)


def _path(fid: str, action: str) -> str:
    return f"/{quote(fid, safe='')}/{action}"


def _body(body: object, path: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ServerUnavailableError(f"{path}: the answer is no object")
    return body


def _object(text: str) -> dict[str, Any] | None:
    """Frames of the stream itself, such as its end, are no events."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
