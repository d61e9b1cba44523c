"""Guard a process that fetches: it connects to the internet alone, and starts no program but yt-dlp's Deno.

An audit hook sees every connection of Python at the moment when it is made, with the address that a name resolved to,
whoever asks: a first address, a redirect, a segment, an embedded player. It cannot be taken away again, so that it
belongs into processes that do nothing else.
"""

import socket
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from curate.fetching.addresses import is_public, numeric, private
from slateboard.records.source import State

PROGRAMS = ("deno",)
"""Runs the players' JavaScript for yt-dlp, without network and files. ffmpeg, rtmpdump and PhantomJS would connect by
themselves."""

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_CONNECTING = ("socket.connect", "socket.sendto", "socket.sendmsg")
_STARTING = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn")


class Barred(PermissionError):
    """Something that a process which fetches may not do."""


class Gate:
    """What this process may connect to and start; `barred` holds what it was kept from, with the state it means."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._proxies: set[tuple[str, int]] = set()
        self.barred: list[tuple[State, str]] = []

    def close(self) -> None:
        """Keep this process behind the gate from now on."""
        sys.addaudithook(self._look)

    def let_through(self, proxies: Collection[str]) -> None:
        """Let connections through to proxies that a person has named, which may lie in a network of their own."""
        for proxy in proxies:
            parts = urlsplit(proxy if "://" in proxy else f"//{proxy}")
            port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 1080)
            try:
                found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
            except OSError:
                continue
            self._proxies |= {(str(address[0]), port) for *_, address in found}

    def _look(self, event: str, args: tuple[Any, ...]) -> None:
        if event in _CONNECTING:
            if not self._allow_private and args[0].family in _INTERNET and args[-1] is not None:
                self._look_at(str(args[-1][0]), int(args[-1][1]))
        elif event in _STARTING:
            program = Path(str(args[0])).stem
            if event != "subprocess.Popen" or program not in PROGRAMS:
                self._bar(State.UNSUPPORTED, f"{program} would have to be started, which asks whatever a page names.")

    def _look_at(self, host: str, port: int) -> None:
        ip = numeric(host)
        if (host, port) in self._proxies or (ip is not None and is_public(ip)):
            return
        self._bar(State.BLOCKED, private(host, ip))

    def _bar(self, state: State, reason: str) -> None:
        self.barred.append((state, reason))
        raise Barred(reason)
