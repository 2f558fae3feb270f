"""What is known of this machine without asking anybody outside of it."""

import contextlib
import fcntl
import ipaddress
import os
import platform
import re
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

MIB = 1024 * 1024
ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}
"""As the other agent of the registry calls them: the same machine describes itself alike with both."""
NVIDIA_SMI_SECONDS = 5


def own_hostname() -> str:
    return socket.gethostname()


def own_ip() -> str:
    """The first address that is not of the loopback, IPv4 before IPv6."""
    addresses = [*_interface_addresses(), *_name_addresses()]
    useful = [each for each in addresses if not (each.is_loopback or each.is_link_local or each.is_unspecified)]
    first = next((each for each in useful if each.version == 4), next(iter(useful), None))
    return "127.0.0.1" if first is None else str(first)


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


SIOCGIFADDR = 0x8915
"""Asks Linux for an interface's IPv4 address."""


def _interface_addresses() -> list[Address]:
    """Of the interfaces, in their order, where the machine tells of them so (Linux)."""
    if not sys.platform.startswith("linux"):
        return []
    found: list[Address] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):
                answer = fcntl.ioctl(asking.fileno(), SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                found.append(ipaddress.ip_address(answer[20:24]))
    return found


def _name_addresses() -> list[Address]:
    """Of the machine's own name."""
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [ipaddress.ip_address(str(address[0]).split("%")[0]) for *_, address in found]


def capabilities() -> dict[str, Any]:
    """What does not change while it runs: its registration would change each time."""
    return {
        "platform": platform.system().lower(),
        "arch": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "cpu_count": os.cpu_count() or 1,
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB,
        "disk_mib": shutil.disk_usage("/").total // MIB,
        "gpus": _gpus(),
    }


def _gpus() -> list[dict[str, Any]]:
    """Empty where there is no nvidia-smi, or it finds none."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=NVIDIA_SMI_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return gpus_in(done.stdout)


def gpus_in(output: str) -> list[dict[str, Any]]:
    found = [re.fullmatch(r"(.+),\s*(\d+)\s*", line) for line in output.splitlines()]
    return [{"name": match[1].strip(), "memory_mib": int(match[2])} for match in found if match]


def load() -> dict[str, float]:
    """For each beat."""
    found = {"load_1m": os.getloadavg()[0]}
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return found
    kib = {name: float(value.split()[0]) for name, _, value in (line.partition(":") for line in lines) if value}
    if "MemTotal" in kib and "MemAvailable" in kib:
        found["memory_used_percent"] = round(100 * (1 - kib["MemAvailable"] / kib["MemTotal"]), 1)
    return found
