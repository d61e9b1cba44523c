"""What a host's answer means: HTTP statuses, the words of yt-dlp's and the sites' errors, and Retry-After."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from slateboard.records.source import State

_BY_STATUS = {
    401: State.PRIVATE,
    402: State.PRIVATE,
    403: State.BLOCKED,
    404: State.GONE,
    407: State.NETWORK,
    408: State.NETWORK,
    410: State.GONE,
    425: State.NETWORK,
    429: State.RATE_LIMITED,
    451: State.BLOCKED,
}

_WALLS = (
    # YouTube, Cloudflare, Bilibili, Reddit: the next address of the host would meet the same wall.
    (r"not a bot\b|captcha|anti-bot challenge|client challenge|rejected by server \(352\)", State.BLOCKED, 1),
    (r"ip address is unable to access", State.BLOCKED, 1),
    # TikTok's answer (status 10204) is the same for a video that is gone: one alone says nothing of the host.
    (r"ip address is blocked", State.BLOCKED, 3),
    (r"session has been rate-limited|account has been rate-limited", State.RATE_LIMITED, 1),
    (r"exceeded the rate-limit|rate-limit reached", State.RATE_LIMITED, 1),
)

_WORDS = (
    # The order matters: the first line that is found in the text decides.
    (
        r"giving up after|did not get any data blocks|\d bytes, expected|more expected|content too short|incompleteread"
        r"|fragment \d+ not found|fragment not found",
        State.TRUNCATED,
    ),
    (r"\brate.?limit|too many requests|try again later|slow down", State.RATE_LIMITED),
    (r"\bdrm\b|drm.protected", State.UNSUPPORTED),
    (
        r"premieres? (in|on|at)\b|premiere will|live event|live ?stream (has|will|is not yet)|\bis live\b"
        r"|not yet started|will be available (after|on|in|at)|will begin|will start|is scheduled|scheduled for"
        r"|not started yet|is processing|not available yet|not yet available|not currently live|is not live"
        r"|archive will be available|broadcast has not|ended but not downloadable yet",
        State.LIVE,
    ),
    (
        r"(your|this) (country|region|location|area)|in your (country|region|location)|geo.?(restrict|block|lock)"
        r"|available in [\w ]+ only|in this region|on copyright grounds|due to licensing",
        State.BLOCKED,
    ),
    (
        r"terminated|account.{0,60}(closed|suspended|deleted)|removed|deleted|no longer available|in no longer"
        r"|copyright claim|does not exist|doesn.t exist|no longer exists|has expired|most likely expired|is expired",
        State.GONE,
    ),
    (
        r"\bprivate\b|members.only|for members|to members|channel.s members|get access to|sign in|log.?in\b|log into"
        r"|logged.in|age.?(restricted|verif|gate)|confirm your age|adult verification|18 years|nsfw|registered users"
        r"|authenticat|authori[sz]ed|subscri|premium|purchase|payment|requires? (a )?ticket|supporter.only|paid\b"
        r"|password|privacy settings|do not have (access|permission)|an account|not access nsfw|vip accounts"
        r"|sensitive content|may not be comfortable|certain audiences|cookies",
        State.PRIVATE,
    ),
    (
        r"no (video|media)\b.{0,40}(found|in (this|the) (post|tweet|article)|content)|(is )?not a video|no video in"
        r"|does not (contain|have) (a |any )?video|only images|only audio|not a media file|there is no video"
        r"|no video could be found",
        State.NOT_VIDEO,
    ),
    (
        r"video unavailable"
        r"|(video|content|post|clip|media|page|tweet|track) (is |was )?(currently )?(unavailable|not found)"
        r"|unable to access this video|isn.t available|not available, status code|cannot find video"
        r"|recording is not available",
        State.GONE,
    ),
    (
        r"timed out|timeout|connection|name resolution|getaddrinfo|resolve host|unreachable|\bssl\b|\btls\b|certificate"
        r"|reset by peer|broken pipe|remote end closed|temporary failure|temporarily|network error"
        r"|page needs to be reloaded|server.side|http error 5\d\d|service unavailable|bad gateway",
        State.NETWORK,
    ),
    (
        r"requested format is not available|no video formats|no (suitable|supported) (formats?|stream)|not supported"
        r"|unsupported|unable to extract|no formats",
        State.UNSUPPORTED,
    ),
)  # fmt: skip

_IN_A_ROW = {State.RATE_LIMITED: 3, State.NETWORK: 10}
"""So many in a row of one host say that it, or our own line, is at fault; one alone may be one bad file."""


def state_of_status(status: int) -> State:
    """Return the state that an HTTP status means."""
    return _BY_STATUS.get(status, State.NETWORK if status >= 500 else State.ERROR)


def state_of_words(message: str) -> State:
    """Return the state that an error text means; `error` where none of the known words is in it."""
    text = _said(message)
    walls = (state for words, state, _ in _WALLS if re.search(words, text))
    return next(walls, None) or next((state for words, state in _WORDS if re.search(words, text)), State.ERROR)


def is_wall(message: str) -> bool:
    """Is this text one of a host that refuses us as a whole?"""
    return any(re.search(words, _said(message)) for words, _, _ in _WALLS)


def wall_after(message: str, state: State) -> int | None:
    """Return how many such errors in a row mean that the host is to be left alone; None: it never is for this."""
    text = _said(message)
    return next((count for words, _, count in _WALLS if re.search(words, text)), _IN_A_ROW.get(state))


def _said(message: str) -> str:
    """Return what the site or yt-dlp said: no "[site] id:" in front, no addresses, whose words would mislead."""
    text = re.sub(r"^(error:\s*)?\[[^\]]*\]\s+(?!unable)([^\s:]+:\s+)?", "", message.strip(), flags=re.IGNORECASE)
    return re.sub(r"https?://\S+", "", text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").lower()


def retry_after_seconds(header: str | None, *, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After header (seconds or an HTTP date) asks to wait; None if it says nothing.

    `now` is the host's clock, where it tells it: ours may be wrong.
    """
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    at = http_date(text)
    return None if at is None else max(0.0, (at - (now or datetime.now(UTC))).total_seconds())


def http_date(header: str | None) -> datetime | None:
    """Return the time that a header says; None where it says none."""
    try:
        at = parsedate_to_datetime((header or "").strip())
    except ValueError:
        return None
    # A date without a zone is meant as GMT (RFC 9110).
    return at if at.tzinfo else at.replace(tzinfo=UTC)
