"""One form for all addresses of one video, to compare sources by; an address itself is kept as it was written.

Of a site in the table below it is the site's own address of the video, by its id. Of any other address it is the
normal form of RFC 3986, section 6.2.2, without a login, a signature and what only counts visitors. A parameter that may
choose a video stays: whether two such addresses give one file is seen when both were fetched.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote

from slateboard.addresses import identity, is_web

_PARTS = re.compile(
    r"(?P<scheme>[A-Za-z]+)://(?P<host>\[[^\]]*\]|[^/?#:\\\[]*)(?::(?P<port>\d*))?"
    r"(?P<path>(?:/[^?#]*)?)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL,
)
# Addresses that are their own form, most of a list: told in a tenth of the 13 us that the others take.
_PLAIN = re.compile(
    r"https?://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+"
    r"|https://www\.youtube\.com/watch\?v=(?!videoseries|live_stream)[A-Za-z0-9_-]{11}"
)
_ENCODED = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_RESERVED = "%:/?#[]@!$&'()*+,;="
_PORTS = {"http": "80", "https": "443"}

# Parameters that tell who passed a link on, or which advertisement was clicked, never what it shows.
_TRACKING = frozenset(
    {
        "_ga", "_gl", "_hsenc", "_hsmi", "dclid", "fbclid", "gbraid", "gclid", "gclsrc", "igsh", "igshid", "mc_cid",
        "mc_eid", "mibextid", "mkt_tok", "msclkid", "pk_campaign", "pk_kwd", "srsltid", "ttclid", "twclid", "wbraid",
        "yclid",
    }
)  # fmt: skip
_TRACKING_BEGINNINGS = ("utm_", "mtm_", "hsa_", "__cft__", "__tn__")
_SHARES = frozenset({"share", "shared", "share_url", "youtu.be"})
"""Values of `feature` that tell of a button; another value may be a feature to show."""
# A fragment is the browser's own. Pages that are one script write what they show into it: `#/video/3`, `#!v=3`.
_SHOWN_BY_SCRIPT = re.compile(r"[!/]|(?!t=|start=|xywh=|:~:)[^&=]*=")


class SiteVideo(NamedTuple):
    """A video of a site in the table."""

    site: str
    video_id: str
    """With what else chooses a video: the key of an unlisted one, its number in a post."""


@dataclass(frozen=True)
class _Site:
    name: str
    hosts: tuple[str, ...]
    """Without `www.`, `m.` and the like."""
    address: str
    """Its own address of a video, with `{id}`."""
    paths: tuple[str, ...]
    """Patterns of whole paths, with a group `id`; a group `more` also chooses."""
    parameters: tuple[tuple[str, str, str], ...] = ()
    """(pattern of the whole path, name of the parameter that holds the id, pattern of the id)."""
    chooses: tuple[str, ...] = ()
    """Parameters that choose among the videos of one id."""
    tracking: tuple[str, ...] = ()
    """Parameters that choose nothing at this site, for addresses of another form."""


_YOUTUBE_ID = "(?!videoseries$|live_stream$)[A-Za-z0-9_-]{11}"
"""Eleven signs; `embed/videoseries?list=` and `embed/live_stream?channel=` only look like ids."""
_SITES = (
    _Site(
        "youtube",
        ("youtube.com", "youtube-nocookie.com", "youtubekids.com"),
        "https://www.youtube.com/watch?v={id}",
        (rf"/+(?:shorts|embed|live|watch|v|e)/+(?P<id>{_YOUTUBE_ID.replace('$', '(?:[/&]|$)')})(?:[/&].*)?",),
        ((r"/+(?:(?:watch|movie)(?:_popup)?(?:\.php)?/*)?", "v", _YOUTUBE_ID),),
        tracking=("si", "feature", "pp", "ab_channel", "app"),
    ),
    _Site(
        "youtube",
        ("youtu.be",),
        "https://www.youtube.com/watch?v={id}",
        (rf"/+(?:shorts/)?(?P<id>{_YOUTUBE_ID.replace('$', '(?:[/&]|$)')})(?:[/&].*)?",),
        (("/+watch/*", "v", _YOUTUBE_ID),),
    ),
    _Site(
        "tiktok",
        ("tiktok.com",),
        "https://www.tiktok.com/video/{id}",
        (
            r"/@[^/]*/video/(?P<id>\d+)/*",
            r"/(?:video|share/video|embed(?:/v\d)?|player/v1)/(?P<id>\d+)/*",
            r"/v/(?P<id>\d+)(?:\.html)?/*",
        ),
        tracking=("_r", "_t", "_d", "is_from_webapp", "is_copy_url", "sender_device", "sender_web_id"),
    ),
    _Site(
        "instagram",
        ("instagram.com", "instagr.am"),
        "https://www.instagram.com/p/{id}/",
        # /reels/audio/ID is no video: ids have eight signs and more.
        (r"(?:/(?!share/|stories/)[^/]+)?/(?:p|tv|reel|reels)/(?P<id>[A-Za-z0-9_-]{8,})(?:/embed(?:/captioned)?)?/*",),
        chooses=("img_index",),
    ),
    _Site(
        "vimeo",
        ("vimeo.com", "player.vimeo.com"),
        "https://vimeo.com/{id}",
        (
            r"/(?:video/)?(?P<id>\d+)(?:/(?P<more>[0-9a-f]{8,}))?/*",
            r"/(?:channels/[^/]+|groups/[^/]+/videos|(?:album|showcase)/\d+/video)/(?P<id>\d+)/*",
        ),
        chooses=("h",),
    ),
    _Site(
        "facebook",
        ("facebook.com", "mbasic.facebook.com", "touch.facebook.com"),
        "https://www.facebook.com/watch/?v={id}",
        (r"(?:/[^/]+)?/videos/(?:[^/]+/)?(?P<id>\d+)/*", r"/reel/(?P<id>\d+)/*"),
        ((r"/(?:watch(?:/live)?|video\.php|photo\.php)/*", "v", r"\d+"), ("/video/embed/*", "video_id", r"\d+")),
    ),
    _Site(
        "x",
        ("x.com", "twitter.com"),
        "https://x.com/i/status/{id}",
        (r"/(?:i/web|[^/]+)/status(?:es)?/(?P<id>\d+)(?:/(?:video|photo)/(?P<more>\d+))?/*",),
        tracking=("s", "t", "ref_src", "ref_url"),
    ),
    _Site(
        "dailymotion",
        ("dailymotion.com", "dai.ly"),
        "https://www.dailymotion.com/video/{id}",
        (r"/(?:embed/)?video/(?P<id>[A-Za-z0-9]{5,})(?:_[^/]*)?/*", r"/(?P<id>x[a-z0-9]{5,})/*"),
    ),
)
_SITE_OF_HOST: Mapping[str, _Site] = {host: site for site in _SITES for host in site.hosts}
_DOOR = re.compile(r"(?:www|m|mobile|music|gaming|web|vm|vt)\.")


@lru_cache(maxsize=10_000)
def canonical(address: str) -> str:
    """Return the form by which an address is compared: addresses of one video have one.

    Of a path, `.` and doubled strokes are left out. An address that is none is returned without its login alone.
    """
    if not is_web(address):
        # in/.//a.mp4 -> in/a.mp4. `..` stays: behind a symbolic link it leads elsewhere.
        return "/" * address.startswith("/") + "/".join(
            folder for folder in address.split("/") if folder not in ("", ".")
        )
    plain = _PLAIN.fullmatch(address)
    if plain is not None and (plain["host"] is None or _site(plain["host"]) is None):
        return address
    address_match = _PARTS.fullmatch(identity(address))
    if address_match is None:
        return identity(address)
    host = _host(address_match["host"])
    site = _site(host)
    if (video := _video(site, address_match)) is not None:
        return video[1]
    scheme, port = address_match["scheme"].lower(), (address_match["port"] or "").lstrip("0")
    query = _query(address_match["query"] or "", site.tracking if site else ())
    fragment = address_match["fragment"] or ""
    return "".join(
        (
            f"{scheme}://{host}",
            f":{port}" if port not in ("", _PORTS.get(scheme)) else "",
            _without_dots(_percent(address_match["path"])) or "/",
            f"?{query}" if query else "",
            f"#{_percent(fragment)}" if _SHOWN_BY_SCRIPT.match(fragment) else "",
        )
    )


def site_video(address: str) -> SiteVideo | None:
    """Return the site and the id of a video, where the address alone tells them; else None."""
    address_match = _PARTS.fullmatch(identity(address)) if is_web(address) else None
    video = _video(_site(_host(address_match["host"])), address_match) if address_match is not None else None
    return None if video is None else video[0]


def _video(site: _Site | None, address_match: re.Match[str]) -> tuple[SiteVideo, str] | None:
    """Return a video of a site and the site's own address of it; None where the address is of no known form."""
    if site is None:
        return None
    path, query = _percent(address_match["path"]), parse_qs((address_match["query"] or "").replace("&amp;", "&"))
    video_id, more = _id_in_path(site.paths, path) or (_id_in_query(site, path, query), "")
    if not video_id:
        return None
    more = more or next((query[name][0] for name in site.chooses if name in query), "")
    path_of_video = f"{video_id}/{more}" if more else video_id
    return SiteVideo(site.name, path_of_video), site.address.format(id=path_of_video)


def _id_in_path(patterns: Sequence[str], path: str) -> tuple[str, str] | None:
    for pattern in patterns:
        if match := re.fullmatch(pattern, path):
            return match["id"], match.groupdict().get("more") or ""
    return None


def _id_in_query(site: _Site, path: str, query: Mapping[str, Sequence[str]]) -> str:
    for pattern, name, id_pattern in site.parameters:
        values = set(query.get(name, ()))
        # Two ids in one address are not decided here.
        if len(values) == 1 and re.fullmatch(pattern, path) and re.fullmatch(id_pattern, value := min(values)):
            return value
    return ""


def _site(host: str) -> _Site | None:
    return _SITE_OF_HOST.get(host) or _SITE_OF_HOST.get(_DOOR.sub("", host, count=1))


def _host(written: str) -> str:
    """Return a host in lower case, as DNS asks for it: Bücher.Example. -> xn--bcher-kva.example."""
    host = unquote(written).lower().rstrip(".")
    if host.isascii():
        return host
    try:
        # IDNA of 2003, which urllib and yt-dlp ask by: two hosts are one if one is asked for both.
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _percent(text: str) -> str:
    """Return a part of an address with `%` only where it must be: %7Ea -> ~a, %c3%A9 and é -> %C3%A9, blank -> %20."""
    text = _ENCODED.sub(_decoded, text)
    return text if text.isascii() and " " not in text else quote(text, safe=_RESERVED, errors="surrogatepass")


def _decoded(match: re.Match[str]) -> str:
    sign = chr(int(match[1], 16))
    return sign if sign in _UNRESERVED else match[0].upper()


def _without_dots(path: str) -> str:
    """Return a path without `.` and `..` (RFC 3986, 5.2.4): /a/./b/../c -> /a/c."""
    if "/." not in path:
        return path
    folders: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            folders = folders[:-1]
        elif segment != ".":
            folders.append(segment)
    # /a/b/.. is the folder /a/.
    return "".join(f"/{segment}" for segment in folders) + ("/" if segments[-1] in (".", "..") else "")


def _query(query: str, tracking: Sequence[str]) -> str:
    """Return a query without the parameters that choose nothing; the order of the others stays."""
    return "&".join(_percent(piece) for piece in query.split("&") if piece and not _chooses_nothing(piece, tracking))


def _chooses_nothing(piece: str, tracking: Sequence[str]) -> bool:
    name, _, value = piece.partition("=")
    name = unquote(name).lower()
    if name == "feature" and value.lower() in _SHARES:
        return True
    return name in _TRACKING or name in tracking or name.startswith(_TRACKING_BEGINNINGS)
