"""Asks for JSON, and believes nothing else."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

import httpx

RETRY_AFTER_SECONDS_MAX = 3_600.0
JSON_MEDIA_TYPE = re.compile(r"application/(?:[\w.+-]+\+)?json")


class ServerUnavailableError(Exception):
    """The server gave no answer that can be believed; it may later."""


class ServerRefusedError(Exception):
    """The server does not take the request; the text has its answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class JsonAnswer:
    """A whole answer whose body is JSON, or of 204 None, with any status."""

    status: int
    body: Any
    """How long the server asks to wait before the next request, seconds."""
    retry_after: float | None


class _NoAnswerError(Exception):
    pass


async def request_json(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    path: str,
    *,
    timeout: float,  # noqa: ASYNC109 - for the whole answer, and told as such
    bytes_max: int,
    token: str | None = None,
    body: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JsonAnswer:
    """A page of a proxy or a login, a redirect, a body that is cut, too long or no JSON is no answer.

    Raises ServerUnavailableError.
    """
    target = urljoin(url, path)
    sent = {"accept": "application/json", **(headers or {})}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    try:
        async with (
            asyncio.timeout(timeout),
            http.stream(method, target, headers=sent, json=body, follow_redirects=False) as response,
        ):
            return await _read_answer(response, bytes_max)
    except TimeoutError as error:
        raise ServerUnavailableError(f"{method} {target}: no answer in {timeout:g} s") from error
    except (httpx.HTTPError, _NoAnswerError, ValueError, RecursionError) as error:
        raise ServerUnavailableError(f"{method} {target}: {error or type(error).__name__}") from error


async def _read_answer(response: httpx.Response, bytes_max: int) -> JsonAnswer:
    status = response.status_code
    if status == 204:
        return JsonAnswer(status, None, None)
    if 300 <= status < 400:
        location = response.headers.get("location", "somewhere")
        raise _NoAnswerError(f"{status}, sent on to {location}: give the server's own URL")
    media_type = response.headers.get("content-type", "none").split(";")[0].strip().lower()
    if not JSON_MEDIA_TYPE.fullmatch(media_type):
        raise _NoAnswerError(f"{status} with the media type {media_type}: no answer of a Rollcall server")
    content = bytearray()
    async for part in response.aiter_bytes():
        content += part
        if len(content) > bytes_max:
            raise _NoAnswerError(f"more than {bytes_max} bytes")
    return JsonAnswer(status, json.loads(content.decode("utf-8")), retry_after(response.headers.get("retry-after")))


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """In seconds, or as a date (RFC 9110); what is longer than an hour counts as an hour."""
    if header is None:
        return None
    if re.fullmatch(r"[0-9]+", header.strip()):
        seconds = float(header)
    else:
        try:
            date = parsedate_to_datetime(header)
        except ValueError:
            return None
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        seconds = (aware - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), RETRY_AFTER_SECONDS_MAX)
