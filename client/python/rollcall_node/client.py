"""Reads a node registry."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from .json_request import JsonAnswer, ServerRefusedError, ServerUnavailableError
from .repeated_requests import RepeatedRequests, ServerClient

LIST_BYTES_MAX = 64 * 1024 * 1024
NODE_BYTES_MAX = 1024 * 1024
KEPT_MAX = 64
"""Answers that are kept for when the registry gives none, by question."""

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


class NodeRegistryClient(ServerClient):
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
        self._requests = RepeatedRequests(url, token=token, timeout=timeout, tries=tries)
        self._on_change = on_change
        self._kept: dict[str, tuple[Sequence[Node], datetime]] = {}
        self._asking: dict[str, asyncio.Task[NodeList]] = {}
        self._is_stale = False
        self._loop: asyncio.AbstractEventLoop | None = None

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

        Raises ServerUnavailableError, ServerRefusedError.
        """
        path = f"/api/v1/nodes/{quote(node_id, safe='')}"
        answer = await self._ask(path, NODE_BYTES_MAX)
        if answer.status == 404:
            return None
        if not _is_node(answer.body):
            raise ServerUnavailableError(f"GET {path}: the answer is no node")
        node: Node = answer.body
        return node

    async def _list_once(self, path: str) -> NodeList:
        """Who asks the same at the same time gets the same answer: one that is slow is not asked more often."""
        # Questions under way belong to an event loop: another one asks its own.
        if self._loop is not asyncio.get_running_loop():
            self._loop = asyncio.get_running_loop()
            self._asking = {}
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
                raise ServerUnavailableError(f"GET {path}: {answer.status}, and no list of nodes")
        except (ServerUnavailableError, ServerRefusedError) as error:
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

    def _ask(self, path: str, bytes_max: int) -> Awaitable[JsonAnswer]:
        return self._requests.send("GET", path, bytes_max=bytes_max, expected=(200, 404))

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
