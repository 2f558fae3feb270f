"""Reads a node registry."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import httpx

from .json_request import JsonAnswer, RegistryRefusedError, RegistryUnavailableError, request_json

LIST_BYTES_MAX = 64 * 1024 * 1024
NODE_BYTES_MAX = 1024 * 1024
KEPT_MAX = 64
"""Answers that are kept for when the registry gives none, by question."""
WORTH_REPEATING = frozenset({408, 429, 500, 502, 503, 504})

Node = dict[str, Any]
"""A node as the registry shows it."""


class NodeList(list[Node]):
    """Nodes, and whether they can be believed."""

    stale: bool
    """The registry gave no answer: this is the last list that it gave, or an empty one."""
    since: datetime | None
    """When the registry gave this list; None: it never gave one."""
    why: str | None
    """Why it is stale; None when it is not."""

    def __init__(self, nodes: Iterable[Node], *, stale: bool, since: datetime | None, why: str | None) -> None:
        super().__init__(nodes)
        self.stale = stale
        self.since = since
        self.why = why


class NodeRegistryClient:
    """A question is repeated while that is safe and the server does not ask to wait.

    Where there is no answer, lists are the last good one, and say so. An empty list that the registry gave is true.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout: float = 5.0,
        tries: int = 3,
        on_change: Callable[[bool, str | None], None] | None = None,
    ) -> None:
        """`timeout`: for one question with its repeats, seconds. `on_change(stale, why)`: told when that changes."""
        self._url = url
        self._token = token
        self._timeout = timeout
        self._tries = tries
        self._on_change = on_change
        self._kept: dict[str, tuple[Sequence[Node], datetime]] = {}
        self._asking: dict[str, asyncio.Task[NodeList]] = {}
        self._not_before = 0.0
        self._is_stale = False
        self._http: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections; the next question opens new ones."""
        if self._http is not None and self._loop is asyncio.get_running_loop():
            await self._http.aclose()
        self._http = None

    async def get_nodes(
        self, role: str | None = None, label: str | Sequence[str] | None = None, status: str | None = None
    ) -> NodeList:
        """All nodes that fit, of whatever status; of several labels each has all."""
        labels = [] if label is None else [label] if isinstance(label, str) else list(label)
        given = [("role", role), *(("label", each) for each in labels), ("status", status)]
        query = urlencode([(name, value) for name, value in given if value is not None])
        return await self._list_once(f"/api/v1/nodes{'?' if query else ''}{query}")

    async def get_nodes_by_role(self, role: str) -> NodeList:
        return await self.get_nodes(role=role)

    async def get_available_nodes(
        self, role: str | None = None, label: str | Sequence[str] | None = None, status: str | None = "online"
    ) -> NodeList:
        """Nodes that work can be given to."""
        return await self.get_nodes(role=role, label=label, status=status)

    async def get_node(self, node_id: str) -> Node | None:
        """One node; None: the registry says that there is none.

        Raises RegistryUnavailableError, RegistryRefusedError.
        """
        path = f"/api/v1/nodes/{quote(node_id, safe='')}"
        answer = await self._ask(path, NODE_BYTES_MAX)
        if answer.status == 404:
            return None
        if not _is_node(answer.body):
            raise RegistryUnavailableError(f"GET {path}: the answer is no node")
        node: Node = answer.body
        return node

    async def _list_once(self, path: str) -> NodeList:
        """Who asks the same at the same time gets the same answer: one that is slow is not asked more often."""
        self._connections()
        asking = self._asking.get(path)
        if asking is None:
            asking = asyncio.create_task(self._list(path))
            self._asking[path] = asking
            asking.add_done_callback(lambda _: self._asking.pop(path, None))
        # One caller that gives up does not take the answer from the others.
        nodes = await asyncio.shield(asking)
        return NodeList(nodes, stale=nodes.stale, since=nodes.since, why=nodes.why)

    async def _list(self, path: str) -> NodeList:
        try:
            answer = await self._ask(path, LIST_BYTES_MAX)
            nodes = answer.body
            if answer.status != 200 or not isinstance(nodes, list) or not all(map(_is_node, nodes)):
                raise RegistryUnavailableError(f"GET {path}: {answer.status}, and no list of nodes")
        except (RegistryUnavailableError, RegistryRefusedError) as error:
            kept, since = self._kept.get(path, ((), None))
            self._tell(True, str(error))
            return NodeList(kept, stale=True, since=since, why=str(error))
        now = datetime.now(UTC)
        self._kept.pop(path, None)
        self._kept[path] = (nodes, now)
        if len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        self._tell(False, None)
        return NodeList(nodes, stale=False, since=now, why=None)

    async def _ask(self, path: str, bytes_max: int) -> JsonAnswer:
        deadline = time.monotonic() + self._timeout
        tries = 0
        while True:
            tries += 1
            if time.monotonic() < self._not_before:
                wait = self._not_before - time.monotonic()
                raise RegistryUnavailableError(f"GET {path}: the registry wants to be asked again in {wait:.0f} s")
            outcome = await self._try(path, bytes_max, max(0.001, deadline - time.monotonic()))
            if isinstance(outcome, JsonAnswer):
                return outcome
            back_off = min(0.1 * 2 ** (tries - 1), 2.0) * (0.75 + random.random() / 2)
            wait = max(back_off, self._not_before - time.monotonic())
            is_final = isinstance(outcome, RegistryRefusedError) or tries >= self._tries
            if is_final or time.monotonic() + wait >= deadline:
                raise outcome
            await asyncio.sleep(wait)

    async def _try(
        self, path: str, bytes_max: int, seconds: float
    ) -> JsonAnswer | RegistryUnavailableError | RegistryRefusedError:
        try:
            answer = await request_json(
                self._connections(),
                "GET",
                self._url,
                path,
                timeout=seconds,
                bytes_max=bytes_max,
                token=self._token,
            )
        except RegistryUnavailableError as error:
            return error
        if answer.status in (200, 404):
            return answer
        said = f"GET {path}: {answer.status} {json.dumps(answer.body)[:300]}"
        if answer.status not in WORTH_REPEATING:
            return RegistryRefusedError(answer.status, said)
        if answer.retry_after is not None:
            self._not_before = time.monotonic() + answer.retry_after
        return RegistryUnavailableError(said)

    def _connections(self) -> httpx.AsyncClient:
        """Connections, and questions under way, belong to an event loop: another one gets its own."""
        loop = asyncio.get_running_loop()
        if self._http is None or self._loop is not loop:
            self._http = httpx.AsyncClient(timeout=None)
            self._loop = loop
            self._asking = {}
        return self._http

    def _tell(self, stale: bool, why: str | None) -> None:
        if stale != self._is_stale and self._on_change is not None:
            self._on_change(stale, why)
        self._is_stale = stale


def _is_node(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    texts = (value.get(name) for name in ("node_id", "hostname", "role", "status"))
    labels = value.get("labels")
    return (
        all(isinstance(text, str) for text in texts)
        and isinstance(labels, list)
        and all(isinstance(label, str) for label in labels)
    )
