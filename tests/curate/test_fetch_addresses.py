"""Addresses of this machine and its network are known in every spelling, and kept from whatever connects."""

import subprocess
import sys

import pytest

from curate.fetching.addresses import is_public, numeric_ip, refusal
from slateboard.records.source import State

PRIVATE = (
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1", "::7f00:1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
)  # fmt: skip
PUBLIC = ("8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1")
SPELLINGS = ("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]")


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", (*SPELLINGS, "localhost", "LOCALHOST", "a.localhost", "printer.local", "vm.internal"))
def test_every_spelling_of_a_local_host_is_refused_unless_allowed(host: str) -> None:
    for url in (f"http://{host}/a.mp4", f"https://user:word@{host}:8443/a.mp4"):
        refused = refusal(url, allow_private=False)
        assert refused is not None and refused[0] == State.BLOCKED and "allow_private = true" in refused[1]
        assert refusal(url, allow_private=True) is None


def test_names_and_public_addresses_are_not_refused_before_they_are_resolved() -> None:
    for host in ("example.org", "8.8.8.8", "[2606:4700::1111]", "local.example.org", "notlocalhost"):
        assert refusal(f"https://{host}/a.mp4", allow_private=False) is None
    assert [numeric_ip(host) for host in ("example.org", "", "10.com")] == [None] * 3


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/a", "rtmp://example.org/a", "http://[broken"])
def test_only_http_is_asked_for(url: str) -> None:
    refused = refusal(url, allow_private=True)
    assert refused is not None and refused[0] == State.UNSUPPORTED


_GATED = """
import socket, subprocess, sys
from curate.fetching.gate import Gate

gate = Gate(allow_private={allow})
gate.close()
{work}
print(*(state.value for state, _ in gate.barred))
"""
_REBOUND = """
# A name that was public when it was looked at, and is private when the connection is made.
socket.getaddrinfo = lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))]
try:
    socket.create_connection(("rebinding.example.org", 9), timeout=1)
except OSError as error:
    print(error)
"""
_IPV6 = """
try:
    socket.socket(socket.AF_INET6).connect(("::ffff:127.0.0.1", 9))
except OSError:
    pass
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"a", ("169.254.169.254", 53))
except OSError:
    pass
"""
_PROXY = """
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
gate.let_through([f"http://user:word@127.0.0.1:{port}"])
socket.create_connection(("127.0.0.1", port)).close()
try:
    socket.create_connection(("127.0.0.1", 9))
except OSError:
    pass
"""
_PROGRAM = """
for program in (["ffmpeg", "-version"], [sys.executable, "-c", ""]):
    try:
        subprocess.run(program)
    except PermissionError:
        pass
"""


def _gated(work: str, *, allow: bool = False) -> list[str]:
    """Do work in a process behind the gate and return what it printed: the states of what it was kept from last."""
    script = _GATED.replace("{allow}", str(allow)).replace("{work}", work)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_name_that_resolves_to_a_private_address_when_it_is_connected_to_is_kept_from() -> None:
    words, states = _gated(_REBOUND)
    assert "127.0.0.1 is an address of this machine" in words and states == "blocked"
    assert "refused" in _gated(_REBOUND, allow=True)[0]


def test_no_other_way_to_a_private_address_is_open() -> None:
    assert _gated(_IPV6) == ["blocked blocked"]


def test_a_proxy_that_a_person_named_may_be_private_and_nothing_beside_it() -> None:
    assert _gated(_PROXY) == ["blocked"]


def test_no_program_is_started_that_could_ask_by_itself() -> None:
    assert _gated(_PROGRAM, allow=True) == ["unsupported unsupported"]
