"""What one try at a source ended in, and how yt-dlp's errors become states."""

from dataclasses import dataclass
from pathlib import Path

from slateboard.records.source import State

RETRIED = (State.NETWORK, State.RATE_LIMITED, State.TRUNCATED)
"""States that may change by themselves in a moment."""

_BY_STATUS = {
    401: State.PRIVATE,
    403: State.BLOCKED,
    404: State.GONE,
    410: State.GONE,
    429: State.RATE_LIMITED,
    451: State.BLOCKED,
}

_BY_WORDS = (
    # The order matters: the first line whose words are in the message decides.
    (
        ("giving up after", "did not get any data blocks", "expected", "bytes, got", "more expected"),
        State.TRUNCATED,
    ),
    (("rate-limit", "rate limit", "too many requests"), State.RATE_LIMITED),
    (
        ("private", "members-only", "members only", "sign in", "log in", "login", "age-restricted"),
        State.PRIVATE,
    ),
    (
        ("removed", "no longer available", "has been deleted", "account terminated", "does not exist"),
        State.GONE,
    ),
    (("not available in your country", "geo", "blocked", "not a bot"), State.BLOCKED),
    (("drm", "requested format is not available"), State.UNSUPPORTED),
    (("is live", "live event", "premieres in"), State.LIVE),
    (
        (
            "timed out",
            "timeout",
            "connection",
            "resolve",
            "unreachable",
            "ssl",
            "incompleteread",
            "reset by peer",
        ),
        State.NETWORK,
    ),
)


@dataclass(frozen=True)
class Outcome:
    """State, and the file or the reason."""

    state: State
    file: Path | None = None
    """Where the download lies, if the state is fetched."""
    error: str | None = None
    """Original text."""


def state_of_status(status: int) -> State:
    """Return the state that an HTTP status means."""
    return _BY_STATUS.get(status, State.NETWORK if status >= 500 else State.ERROR)


def state_of_words(message: str) -> State:
    """Return the state that an error text means; `error` where none of the known words is in it."""
    lower = message.lower()
    return next((state for words, state in _BY_WORDS if any(word in lower for word in words)), State.ERROR)
