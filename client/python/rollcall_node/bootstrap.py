"""Registers this machine, keeps its id in a file and beats once; with --daemon it goes on."""

import argparse
import asyncio
import contextlib
import os
import random
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence

import httpx

from . import machine
from .agent import NodeAgent
from .json_request import JsonAnswer, ServerRefusedError, ServerUnavailableError, request_json
from .node_id_file import UnreadableNodeIdError, derived_node_id, node_id_folders, read_node_id, write_node_id

REQUEST_SECONDS = 10.0
ANSWER_BYTES_MAX = 1024 * 1024


class _World:
    """`seconds`: when it is to stop by itself; None: a signal ends it."""

    def __init__(self, http: httpx.AsyncClient, url: str, token: str | None, seconds: float | None) -> None:
        self._http = http
        self._url = url
        self._token = token
        self._over = None if seconds is None else time.monotonic() + seconds
        self.stopping = asyncio.Event()

    async def post(self, path: str, body: Mapping[str, object]) -> JsonAnswer:
        left = REQUEST_SECONDS if self._over is None else max(0.001, self._over - time.monotonic())
        return await request_json(
            self._http,
            "POST",
            self._url,
            path,
            timeout=min(left, REQUEST_SECONDS),
            bytes_max=ANSWER_BYTES_MAX,
            token=self._token,
            body=body,
        )

    async def pause(self, seconds: float) -> None:
        left = seconds if self._over is None else min(seconds, max(0.0, self._over - time.monotonic()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), left)

    def random(self) -> float:
        return random.random()

    def is_stopping(self) -> bool:
        return self.stopping.is_set() or (self._over is not None and time.monotonic() >= self._over)

    def say(self, line: str) -> None:
        _complain(line)


UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""What ends a line, controls a terminal or changes the writing direction."""


def _complain(text: str) -> None:
    """One line, whatever the registry has said."""
    print(UNPRINTABLE.sub("\ufffd", text), file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    default_url = os.environ.get("NODE_REGISTRY_URL") or "http://127.0.0.1:9205"
    parser = argparse.ArgumentParser(prog="rollcall_node.bootstrap", description=__doc__)
    parser.add_argument("--role", required=True, help="what the node is for")
    parser.add_argument("--labels", default="", help="what it can be found by, divided by commas")
    parser.add_argument("--registry-url", default=default_url, help="of the registry (or NODE_REGISTRY_URL)")
    parser.add_argument("--hostname", help="default: this machine's")
    parser.add_argument("--ip", help="default: the first that is not of the loopback")
    parser.add_argument("--node-id", help="default: the one of the file, else derived from host and role")
    parser.add_argument("--app-name", default="rollcall", help="/etc/<name>/node_id, or ~/.config/<name>/node_id")
    parser.add_argument("--config-dir", help="the folder of the file node_id, instead")
    parser.add_argument("--timeout", type=float, default=30.0, help="when to give up, without --daemon, seconds")
    parser.add_argument("--no-detect", action="store_true", help="don't tell of processors, memory, disk and GPUs")
    parser.add_argument("--daemon", action="store_true", help="goes on beating, by the lease that the registry grants")
    return parser


def _token() -> str | None:
    file = os.environ.get("ROLLCALL_TOKEN_FILE")
    if file:
        with open(file, encoding="utf-8") as opened:
            return opened.read().strip() or None
    return os.environ.get("ROLLCALL_TOKEN") or None


async def _bootstrap(options: argparse.Namespace) -> None:
    hostname = options.hostname or machine.own_hostname()
    folders = node_id_folders(options.app_name, options.config_dir)
    stored = read_node_id(folders, derived_node_id(hostname, options.role))
    for note in stored.notes:
        _complain(note)
    node = {
        "hostname": hostname,
        "ip": options.ip or machine.own_ip(),
        "role": options.role,
        "labels": [label.strip() for label in options.labels.split(",") if label.strip()],
        "metadata": {} if options.no_detect else machine.capabilities(),
    }

    def keep(node_id: str) -> None:
        for problem in write_node_id(node_id, folders, stored):
            _complain(problem)

    async with httpx.AsyncClient(timeout=None) as http:
        world = _World(http, options.registry_url, _token(), None if options.daemon else options.timeout)
        agent = NodeAgent(world, node, options.node_id or stored.id, machine.load, keep)
        if options.daemon:
            for each in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(each, world.stopping.set)
            await agent.run()
        else:
            print(f"registered as {await agent.once()} with {options.registry_url}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_bootstrap(options))
    except (ServerUnavailableError, ServerRefusedError, UnreadableNodeIdError, OSError) as error:
        _complain(f"rollcall_node: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
