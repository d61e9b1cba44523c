"""What an error means: the state of an HTTP status, of yt-dlp's error classes, and of the words of a message.

The first step from an answer such as 429 to a waiting time; `curate.fetching.pacing` does the others.
"""

import errno
import re
from typing import Any

from curate.fetching.attempt import AttemptResult, clean
from curate.fetching.pacing import http_date, retry_after_seconds
from slateboard.records.source import State

_FFMPEG = "ffmpeg could not be found"
"""yt-dlp's message: we hide the program, which would open connections by itself."""

_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)

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
"""State -> results in a row after which the host, or our own connection, is at fault; one alone may be one bad file."""


def state_of_status(status: int) -> State:
    """Return the state that an HTTP status means."""
    return _BY_STATUS.get(status, State.NETWORK if status >= 500 else State.ERROR)


def state_of_words(message: str) -> State:
    """Return the state that an error text means; `error` where no known phrase is in it."""
    text = _normalised(message)
    walls = (state for words, state, _ in _WALLS if re.search(words, text))
    return next(walls, None) or next((state for words, state in _WORDS if re.search(words, text)), State.ERROR)


def is_wall(message: str) -> bool:
    """Return whether a text says that the host refuses us as a whole."""
    return any(re.search(words, _normalised(message)) for words, _, _ in _WALLS)


def wall_after(message: str, state: State) -> int | None:
    """Return after how many such errors in a row the host is abandoned; None: never for this one."""
    # A wall's own number first (a bot check: at once), else that of the state: three rate limits or ten network errors
    # in a row; a 404 never, as every address of a host may be gone by itself.
    text = _normalised(message)
    return next((count for words, _, count in _WALLS if re.search(words, text)), _IN_A_ROW.get(state))


def _normalised(message: str) -> str:
    """Return a message in lower case without yt-dlp's "[site] id: " and without urls, whose words would mislead."""
    # "ERROR: [vimeo] 76979871: This video is private. See https://x.com/login" -> "this video is private. see "
    text = re.sub(r"^(error:\s*)?\[[^\]]*\]\s+(?!unable)([^\s:]+:\s+)?", "", message.strip(), flags=re.IGNORECASE)
    return (
        re.sub(r"https?://\S+", "", text, flags=re.IGNORECASE).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").lower()
    )


def raise_if_hopeless(error: BaseException) -> None:
    """Raise the OSError of a full or read-only disk that lies behind an error: every other source would meet it, too.

    Only error numbers count: a host may write "No space left on device" itself.
    """
    for link in _chain(error):
        if isinstance(link, OSError) and link.errno in _HOPELESS:
            raise link


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and what caused it, nearest first."""
    # Breadth first over `exc_info` (yt-dlp), `cause` (its networking) and `__cause__`: DownloadError -> ExtractorError
    # -> HTTPError. An error that was seen is not followed again: chains may be circular.
    chain: list[BaseException] = []
    queue: list[Any] = [error]
    while queue:
        link = queue.pop(0)
        if isinstance(link, BaseException) and link not in chain:
            chain.append(link)
            queue += [(getattr(link, "exc_info", None) or (None, None))[1], getattr(link, "cause", None)]
            queue += [link.__cause__]
    return chain


def failure_of(error: Any) -> AttemptResult:
    """Return the result that an error means, with Retry-After where the host sent it."""
    # The first of these decides: phrases of a wall, the HTTP status, the error's class, any other phrase. A bot check
    # that comes with status 403 or 429 must be known as one, and a 404 is gone whatever its page says.
    import yt_dlp

    # Cut off before it is searched: a page's text may be megabytes.
    message = clean(str(error)).removeprefix("ERROR: ")
    if not isinstance(error, yt_dlp.utils.DownloadError):
        return AttemptResult(state_of_words(message), error=f"{type(error).__name__}: {message}")
    if _FFMPEG in message:
        return AttemptResult(
            State.UNSUPPORTED, error="its stream needs ffmpeg to come here, which is not let at the network"
        )
    chain = _chain(error)
    retry_after = None
    state: State | None = state_of_words(message) if is_wall(message) else None
    for link in chain:
        status, response = getattr(link, "status", None), getattr(link, "response", None)
        if isinstance(status, int) and status >= 400:
            if response is not None:
                now = http_date(response.get_header("Date"))
                retry_after = retry_after_seconds(response.get_header("Retry-After"), now=now)
            # 503 with Retry-After is how a host says "later" without 429.
            status_state = State.RATE_LIMITED if status == 503 and retry_after is not None else state_of_status(status)
            state = state or status_state
            break
    state = state or _of_class(chain) or _of_words(message, chain)
    return AttemptResult(state, error=message, retry_after_seconds=retry_after, wall_after=wall_after(message, state))


def _of_class(chain: list[BaseException]) -> State | None:
    import yt_dlp
    from yt_dlp.networking.exceptions import IncompleteRead

    kinds: tuple[tuple[Any, State], ...] = (
        (yt_dlp.utils.GeoRestrictedError, State.BLOCKED),
        # The generic extractor read the page and found no video on it.
        (yt_dlp.utils.UnsupportedError, State.NOT_VIDEO),
        (yt_dlp.utils.UserNotLive, State.LIVE),
        (yt_dlp.utils.ContentTooShortError, State.TRUNCATED),
        (IncompleteRead, State.TRUNCATED),
    )
    return next((state for kind, state in kinds if any(isinstance(link, kind) for link in chain)), None)


def _of_words(message: str, chain: list[BaseException]) -> State:
    from yt_dlp.networking.exceptions import HTTPError, TransportError

    state = state_of_words(message)
    lost = any(isinstance(link, TransportError) and not isinstance(link, HTTPError) for link in chain)
    return State.NETWORK if lost and state in (State.ERROR, State.UNSUPPORTED) else state
