"""Addresses as they may leave a workspace: without a login, a signature, or a place on this machine.

Two addresses that differ in these alone are one file: `identity` is what sources are known and compared by.
"""

import posixpath
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, unquote, unquote_plus

_WEB = re.compile(r"https?://", re.IGNORECASE)
# RFC 3986, appendix B, without its optional parts: scheme://authority and the rest. Also rtmp, s3 and others.
_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#\\]*)(?P<rest>.*)", re.DOTALL)
# An address in a message of another program ends at a blank, a quote, a backquote, `<`, `>` or `|`.
_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>`|]+")
# C:\x, C:/x and \\server\share.
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")
# POSIX with at least one folder, or Windows; the last name alone is kept: /a/b/c.mp4 -> c.mp4. `1/2` and `and/or` are
# none, since a letter or digit stands before the stroke.
_PATH_IN_TEXT = re.compile(
    r"(?<![\w/.:~-])(?:~[\w.-]*)?(?:/[^\s/\"'<>`|:;,()]+)+/(?P<name>[^\s/\"'<>`|:;,()]*)"
    r"|(?<!\w)(?:[A-Za-z]:[\\/]|\\\\)(?:[^\s\\/\"'<>`|:;,()]+[\\/])*(?P<other>[^\s\\/\"'<>`|:;,()]*)"
)

# Words of a parameter's name: `access_token`, `X-Amz-Signature`, `authToken` have these among theirs.
_WORDS = frozenset(
    {
        "apikey", "auth", "authorization", "bearer", "credential", "credentials", "hmac", "jwt", "lsig", "oauth",
        "passphrase", "passwd", "password", "pwd", "secret", "session", "sessionid", "sig", "signature", "token",
        "tokens",
    }
)  # fmt: skip
_NAMES = frozenset(
    {
        "__gda__", "access_key", "accesskey", "auth_key", "authkey", "awsaccesskeyid", "expire", "expires",
        "googleaccessid", "hdnea", "hdntl", "hdnts", "jsessionid", "key", "key-pair-id", "mstoken", "ossaccesskeyid",
        "phpsessid", "policy", "private_key", "sessid", "skoid",
    }
)  # fmt: skip
_BEGINNINGS = ("x-amz-", "x-goog-", "x-oss-", "x-cos-", "_nc_", "hdn")
# Names that mean something else elsewhere are taken for a part of a signature beside one: Azure's shared access
# signature (sv=...&se=...&sig=...), the addresses of Facebook's and Instagram's hosts (oh=...&oe=...).
_AZURE = frozenset(
    {
        "se", "ske", "skoid", "sks", "skt", "sktid", "skv", "sip", "sp", "spr", "sr", "srt", "ss", "st", "sv", "si",
    }
)  # fmt: skip
_META = frozenset(("oh", "oe"))
_META_HOSTS = ("fbcdn.net", "cdninstagram.com")
_USERS = frozenset(("email", "login", "user", "username"))
_WORD = re.compile(r"[a-z]+|[A-Z][a-z]*")


def is_web(address: str) -> bool:
    """True for an http(s) address, False for a path."""
    return _WEB.match(address) is not None


def identity(address: str) -> str:
    """Return the identity of a file: its address without login and signature; a path unchanged."""
    return public_address(address) if is_web(address) else address


@lru_cache(maxsize=10_000)
def public_address(address: str, *, root: Path | None = None) -> str:
    """Return an address without anything private; one that has nothing private is returned unchanged.

    Of an http(s) address the login, the signature and parameters that are keys, tokens or sessions are left out. A
    path below `root`, the workspace, is relative to it; of any other that leads elsewhere the file's name is left.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or match["scheme"].lower() == "file":
        return _public_path(match["rest"] if match else address, root)
    host = match["authority"].rpartition("@")[2]
    # https://me:pw@host/v.mp4?id=3&token=ab#t=5 -> https://host/v.mp4?id=3#t=5
    path, mark, rest = _split_path(match["rest"])
    query, sign, fragment = rest.partition("#") if mark == "?" else ("", mark, rest)
    queried = _query(query, host)
    public_path = _path(path)
    noted = _query(fragment, host) if "=" in fragment else fragment
    return "".join(
        (
            f"{match['scheme']}://{host}{public_path}",
            f"?{queried}" if queried or (mark == "?" and not query) else "",
            f"{sign}{noted}" if noted or not fragment else "",
        )
    )


def is_private(address: str, *, root: Path | None = None) -> bool:
    """Return whether an address holds anything that may not leave the workspace."""
    return public_address(address, root=root) != address


def scrub(text: str, *, root: Path | None = None, addresses: Iterable[str] = ()) -> str:
    """Return a text in which every address and every path of this machine is in its public form.

    `addresses` are some that the text may quote, to be found even where they hold blanks or quotes.
    """
    for address in addresses:
        text = text.replace(address, public_address(address, root=root)) if is_private(address, root=root) else text
    for place in [*([str(root.absolute()), str(root.resolve())] if root else []), str(Path.home())]:
        text = text.replace(f"{place}/", "") if len(place) > 1 else text
    pieces, last = [], 0
    for match in _IN_TEXT.finditer(text):
        address = match[0].rstrip(".,;:!?)]}")
        pieces += [_without_paths(text[last : match.start()]), public_address(address, root=root)]
        last = match.start() + len(address)
    return "".join([*pieces, _without_paths(text[last:])])


def _without_paths(text: str) -> str:
    return _PATH_IN_TEXT.sub(lambda match: match["name"] or match["other"] or "", text)


def _split_path(rest: str) -> tuple[str, str, str]:
    """Return path, the first of ? and #, and what follows it."""
    place = min((at for at in (rest.find("?"), rest.find("#")) if at >= 0), default=len(rest))
    return rest[:place], rest[place : place + 1], rest[place + 1 :]


def _path(path: str) -> str:
    """Return the path of an address without parts such as `hdnts=exp=1~hmac=2` and `;jsessionid=3`."""
    if "=" not in path:
        return path
    segments = [segment for segment in path.split("/") if not _is_secret_pair(segment)]
    return "/".join(";".join(pair for pair in segment.split(";") if not _is_secret_pair(pair)) for segment in segments)


def _is_secret_pair(pair: str) -> bool:
    name, sign, value = pair.partition("=")
    return bool(sign and value) and _parameter_kind(name) == "secret"


def _query(query: str, host: str) -> str:
    """Return a query without its secrets; what stays is not touched, and nor are the signs between."""
    # "id=3&token=ab;t=5" -> pieces id=3 & token=ab ; t=5: parameters at even places, the sign before n at 2n - 1.
    pieces = re.split("([&;])", query)
    named = [piece.partition("=") for piece in pieces[::2]]
    kinds = [_parameter_kind(name) if value else "" for name, _, value in named]
    if not any(kinds) and "%3a" not in query.lower() and "://" not in query:
        return query
    secret = {"secret", *_kinds_in_context({name for name, _, _ in named}, kinds, host)}
    pieces_left: list[str] = []
    for number, kind in enumerate(kinds):
        if kind not in secret:
            pieces_left += [pieces[2 * number - 1]] if pieces_left else []
            pieces_left.append(_without_inner_secrets(pieces[2 * number]))
    return "".join(pieces_left)


@lru_cache(maxsize=10_000)
def _parameter_kind(written: str) -> str:
    """Return the kind of a parameter by its name: secret, perhaps part of one (azure, meta, user), or ''."""
    plain = unquote_plus(written).strip()
    name = plain.casefold()
    # accessToken -> access, token; X-Amz-Signature -> x, amz, signature; monkey has no word `key`.
    words = {word.casefold() for word in _WORD.findall(plain)} | set(re.split(r"[^a-z0-9]+", name))
    if name in _NAMES or name.startswith(_BEGINNINGS) or words & _WORDS or {"api", "key"} <= words:
        return "secret"
    kinds = {"azure": _AZURE, "meta": _META, "user": _USERS}
    return next((kind for kind, names in kinds.items() if name in names), "")


def _kinds_in_context(names: set[str], kinds: list[str], host: str) -> set[str]:
    """Return which ambiguous kinds are secrets in this query.

    Azure's two-letter names beside a `sig` or three others of them, Meta's `oh` and `oe` together or on its hosts, a
    user's name beside a password.
    """
    plain = {unquote_plus(name).strip().casefold() for name in names}
    kinds_that_hide = set()
    if "sig" in plain or kinds.count("azure") > 3:
        kinds_that_hide.add("azure")
    if plain >= _META or re.sub(r":\d*$", "", host).casefold().endswith(_META_HOSTS):
        kinds_that_hide.add("meta")
    if plain & {"password", "passwd", "pwd"}:
        kinds_that_hide.add("user")
    return kinds_that_hide


def _without_inner_secrets(piece: str) -> str:
    """Return a parameter; one that is an address itself is given without its secrets."""
    name, sign, value = piece.partition("=")
    address = unquote(value)
    inner = public_address(address) if _WEB.match(address) else address
    return f"{name}{sign}{quote(inner, safe='')}" if inner != address else piece


def _public_path(path: str, root: Path | None) -> str:
    if _DRIVE.match(path):
        return re.split(r"[\\/]", path.rstrip("\\/"))[-1]
    # Below the workspace: relative to it. /home/me/w/media/a.mp4 -> media/a.mp4; elsewhere the name alone.
    if path.startswith("/"):
        plain = posixpath.normpath(path)
        for place in {root.absolute(), root.resolve()} if root is not None else ():
            if plain.startswith(f"{place}/"):
                return plain.removeprefix(f"{place}/")
        return posixpath.basename(plain)
    if path.startswith("~"):
        return posixpath.basename(path)
    if ".." not in path.split("/"):
        return path
    plain = posixpath.normpath(path)
    return posixpath.basename(plain) if plain.startswith("..") else plain
