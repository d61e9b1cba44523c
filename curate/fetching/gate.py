"""Confine a process that fetches: it connects to public addresses only, and starts no program but yt-dlp's Deno.

An audit hook sees every connection of Python at the moment when it is made, with the address that a name resolved to,
whoever asks: a first address, a redirect, a segment, an embedded player. It cannot be removed, so it belongs into
processes that do nothing else.
"""

import socket
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from curate.fetching.addresses import is_public, numeric_ip, private_address_message
from slateboard.records.source import State

PROGRAMS = ("deno",)
"""Runs the players' JavaScript for yt-dlp, without network and files. ffmpeg, rtmpdump and PhantomJS would connect by
themselves."""

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_CONNECTING = ("socket.connect", "socket.sendto", "socket.sendmsg")
_STARTING = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn")


class OperationBarred(PermissionError):
    """A connection or program that a fetching process may not open or start."""


class Gate:
    """Which connections and programs this process may open; `barred` lists (state, reason) of what was refused."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._proxies: set[tuple[str, int]] = set()
        self.barred: list[tuple[State, str]] = []

    def close(self) -> None:
        """Confine this process, for good."""
        sys.addaudithook(self._look)

    def let_through(self, proxies: Collection[str]) -> None:
        """Allow connections to the configured proxies, which may lie in a private network."""
        for proxy in proxies:
            url = urlsplit(proxy if "://" in proxy else f"//{proxy}")
            # Schemes without a port: 80 and 443 as usual, 1080 for SOCKS.
            port = url.port or {"https": 443, "http": 80}.get(url.scheme, 1080)
            try:
                resolved = socket.getaddrinfo(url.hostname, port, type=socket.SOCK_STREAM)
            except OSError:
                continue
            self._proxies |= {(str(address[0]), port) for *_, address in resolved}

    def _look(self, event: str, args: tuple[Any, ...]) -> None:
        # PEP 578: connect and sendto hand over (socket, address); sendmsg's address may be None on a connected socket.
        if event in _CONNECTING:
            if not self._allow_private and args[0].family in _INTERNET and args[-1] is not None:
                self._look_at(str(args[-1][0]), int(args[-1][1]))
        elif event in _STARTING:
            program = Path(str(args[0])).stem
            if event != "subprocess.Popen" or program not in PROGRAMS:
                self._bar(State.UNSUPPORTED, f"{program} would have to be started, which asks whatever a page names.")

    def _look_at(self, host: str, port: int) -> None:
        ip = numeric_ip(host)
        if (host, port) in self._proxies or (ip is not None and is_public(ip)):
            return
        self._bar(State.BLOCKED, private_address_message(host, ip))

    def _bar(self, state: State, reason: str) -> None:
        self.barred.append((state, reason))
        raise OperationBarred(reason)
