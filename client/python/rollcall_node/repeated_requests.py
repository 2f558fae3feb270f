"""Requests to one server that may be sent again."""

import asyncio
import json
import random
import time
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Self

import httpx

from .json_request import JsonAnswer, ServerRefusedError, ServerUnavailableError, request_json

WORTH_REPEATING = frozenset({408, 429, 500, 502, 503, 504})


class RepeatedRequests:
    """Each request is sent again until there is an answer, while the server does not ask to wait."""

    def __init__(self, url: str, *, token: str | None, timeout: float, tries: int) -> None:
        """`timeout`: for one request with its repeats, seconds; `tries`: how often it is sent at most."""
        self.url = url
        self.token = token
        self._timeout = timeout
        self._tries = tries
        self._not_before = 0.0
        self._http: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def aclose(self) -> None:
        """Closes the connections; the next request opens new ones."""
        if self._http is not None and self._loop is asyncio.get_running_loop():
            await self._http.aclose()
        self._http = None

    async def send(
        self,
        method: str,
        path: str,
        *,
        bytes_max: int,
        expected: Collection[int],
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonAnswer:
        """An answer with one of the statuses that are expected.

        Raises ServerUnavailableError, ServerRefusedError.
        """
        deadline = time.monotonic() + self._timeout
        tries = 0
        while True:
            tries += 1
            if time.monotonic() < self._not_before:
                wait = self._not_before - time.monotonic()
                raise ServerUnavailableError(f"{method} {path}: the server wants to be asked again in {wait:.0f} s")
            outcome: Exception
            try:
                answer = await request_json(
                    self.connections(),
                    method,
                    self.url,
                    path,
                    timeout=max(0.001, deadline - time.monotonic()),
                    bytes_max=bytes_max,
                    token=self.token,
                    body=body,
                    headers=headers,
                )
                if answer.status in expected:
                    return answer
                outcome = self._failure(f"{method} {path}", answer)
            except ServerUnavailableError as error:
                outcome = error
            back_off = min(0.1 * 2 ** (tries - 1), 2.0) * (0.75 + random.random() / 2)
            wait = max(back_off, self._not_before - time.monotonic())
            is_final = isinstance(outcome, ServerRefusedError) or tries >= self._tries
            if is_final or time.monotonic() + wait >= deadline:
                raise outcome
            await asyncio.sleep(wait)

    def connections(self) -> httpx.AsyncClient:
        """Connections belong to an event loop: another one gets its own."""
        loop = asyncio.get_running_loop()
        if self._http is None or self._loop is not loop:
            self._http = httpx.AsyncClient(timeout=None)
            self._loop = loop
        return self._http

    def _failure(self, asked: str, answer: JsonAnswer) -> Exception:
        said = f"{asked}: {answer.status} {json.dumps(answer.body)[:300]}"
        if answer.status not in WORTH_REPEATING:
            return ServerRefusedError(answer.status, said)
        if answer.retry_after is not None:
            self._not_before = time.monotonic() + answer.retry_after
        return ServerUnavailableError(said)


class ServerClient:
    """A client of one server, whose connections are closed with it."""

    _requests: RepeatedRequests

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections; the next question opens new ones."""
        await self._requests.aclose()
