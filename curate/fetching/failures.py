"""What yt-dlp's errors mean: a wall's words, the HTTP status, the class of the error, then its words."""

import errno
from typing import Any

from curate.fetching.outcome import Outcome, clean
from curate.fetching.reasons import http_date, is_wall, retry_after_seconds, state_of_status, state_of_words, wall_after
from slateboard.records.source import State

_FFMPEG = "ffmpeg could not be found"
"""yt-dlp's words: the program is kept from it, as it would ask for segments by itself."""

_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def raise_if_hopeless(error: BaseException) -> None:
    """Raise the full or read-only disk behind an error: no fault of a source, and every other would meet it as well.

    The error's words do not count: a host may say "No space left on device" of itself.
    """
    for link in _chain(error):
        if isinstance(link, OSError) and link.errno in _HOPELESS:
            raise link


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and what caused it, nearest first."""
    found: list[BaseException] = []
    todo: list[Any] = [error]
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            todo += [(getattr(one, "exc_info", None) or (None, None))[1], getattr(one, "cause", None)]
            todo += [one.__cause__]
    return found


def failure_of(error: Any) -> Outcome:
    """Return what an error means: a wall's words, the HTTP status, the class of the error, then its words."""
    import yt_dlp

    # Cut off before it is searched: a page's words may be megabytes.
    message = clean(str(error)).removeprefix("ERROR: ")
    if not isinstance(error, yt_dlp.utils.DownloadError):
        return Outcome(state_of_words(message), error=f"{type(error).__name__}: {message}")
    if _FFMPEG in message:
        return Outcome(State.UNSUPPORTED, error="its stream needs ffmpeg to come here, which is not let at the network")
    chain = _chain(error)
    asked = None
    state: State | None = state_of_words(message) if is_wall(message) else None
    for link in chain:
        status, response = getattr(link, "status", None), getattr(link, "response", None)
        if isinstance(status, int) and status >= 400:
            if response is not None:
                now = http_date(response.get_header("Date"))
                asked = retry_after_seconds(response.get_header("Retry-After"), now=now)
            # 503 with Retry-After is how a host says "later" without 429.
            of_status = State.RATE_LIMITED if status == 503 and asked is not None else state_of_status(status)
            state = state or of_status
            break
    state = state or _of_class(chain) or _of_words(message, chain)
    return Outcome(state, error=message, retry_after_seconds=asked, wall_after=wall_after(message, state))


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
