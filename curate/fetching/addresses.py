"""Distinguish public addresses from those of this machine and its network, however they are written."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from slateboard.records.source import State

SCHEMES = ("http", "https")

REMEDY = "Set allow_private = true in [fetch] if that is meant."

_LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa")
_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Return whether a numeric IP address is public: not private, loopback, link-local, CGNAT, multicast or reserved.

    An IPv6 address that embeds an IPv4 one (mapped, NAT64, 6to4, Teredo) is as public as that one.
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        embedded = _embedded_ipv4(ip)
        if embedded:
            return all(is_public(str(inner)) for inner in embedded)
        return ip in _UNICAST and ip.is_global
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _embedded_ipv4(ip: IPv6Address) -> list[IPv4Address]:
    # ::ffff:127.0.0.1 is 127.0.0.1; NAT64 keeps the address in the last 32 bits: 64:ff9b::7f00:1 is 127.0.0.1, too.
    if ip in _NAT64:
        return [IPv4Address(int(ip) & 0xFFFFFFFF)]
    if ip.ipv4_mapped is not None:
        return [ip.ipv4_mapped]
    if ip.sixtofour is not None:
        return [ip.sixtofour]
    return list(ip.teredo) if ip.teredo is not None else []


def numeric_ip(host: str) -> str | None:
    """Return the IP address that a host's text spells, in any form that resolvers take; None for a name."""
    # "2130706433", "0x7f.1", "0177.0.0.1" and "127.1" all are 127.0.0.1 to `inet_aton`, as to curl and browsers.
    text = host.strip("[]").partition("%")[0].rstrip(".")
    try:
        return str(ip_address(text))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(text))
    except (OSError, UnicodeError):
        return None


def refusal(url: str, *, allow_private: bool) -> tuple[State, str] | None:
    """Return (state, why a url may not be asked for as it is written); None if it may.

    What its name resolves to is checked when the connection is made: `curate.fetching.gate`.
    """
    try:
        address = urlsplit(url)
        host = (address.hostname or "").lower()
    except ValueError as error:
        return State.UNSUPPORTED, f"{url[:200]!r} is no address ({error})"
    if address.scheme.lower() not in SCHEMES:
        return State.UNSUPPORTED, f"{address.scheme}:// is not asked for, only http:// and https://"
    ip = numeric_ip(host)
    is_local_name = any(f".{host.rstrip('.')}".endswith(f".{name}") for name in _LOCAL_NAMES)
    if allow_private or not (is_local_name or (ip is not None and not is_public(ip))):
        return None
    return State.BLOCKED, private_address_message(host, ip)


def private_address_message(host: str, ip: str | None = None) -> str:
    """Return the message that refuses a host of this machine or of its network."""
    resolved = f" ({ip})" if ip not in (None, host) else ""
    return f"{host}{resolved} is an address of this machine or of its network, which no list may ask for. {REMEDY}"
