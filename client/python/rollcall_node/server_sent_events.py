"""Splits a stream's text into events (WHATWG HTML, 9.2.6)."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

# CR, LF or both end a line, and nothing else: str.splitlines knows more. A CR at the end may be half of both.
LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")


@dataclass(frozen=True)
class ServerSentEvent:
    """The id is that of the last event that had one."""

    id: str | None
    data: str


async def parse_events(texts: AsyncIterator[str]) -> AsyncIterator[ServerSentEvent]:
    """Comments and the names of events are dropped; an event that is cut off is none."""
    rest = ""
    event_id: str | None = None
    data: list[str] = []
    async for text in texts:
        *lines, rest = LINE_END.split(rest + text)
        for line in lines:
            if line == "":
                if event_id is not None or data:
                    yield ServerSentEvent(event_id, "\n".join(data))
                data = []
                continue
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data.append(value)
            elif field == "id" and "\0" not in value:
                event_id = value
