"""What follows from each state of a source: attempts in this run, whether a later run asks again, and the advice."""

from dataclasses import dataclass
from enum import StrEnum

from slateboard.records.source import State


class Again(StrEnum):
    """When a source in a state is asked for again."""

    NOW = "by the next fetch"
    DONE = "done"
    NEVER = "never"
    ASKED = "when asked: --retry"
    BY_ITSELF = "by itself after a time"
    COOKIES = "with cookies"
    PROXY = "with a proxy or cookies"


@dataclass(frozen=True)
class Policy:
    """When a source in a state is asked for again, and the advice to the user."""

    again: Again
    advice: str
    """One line for a person."""
    attempts_per_run: int | None = 1
    """None: as many as the setting `tries` says."""


POLICIES = {
    State.NEW: Policy(Again.NOW, "not tried: `slateboard curate fetch`"),
    State.FETCHED: Policy(Again.DONE, "done"),
    State.MISSING: Policy(
        Again.NOW, "its file is not there now: bring it back, or `slateboard curate fetch` gets it again"
    ),
    State.GONE: Policy(Again.NEVER, "removed at its host; nothing to do"),
    State.PRIVATE: Policy(Again.COOKIES, "needs a login: set `cookies` in [fetch], then `fetch --retry private`"),
    State.BLOCKED: Policy(
        Again.PROXY,
        "refused: set `proxy`, `cookies` or what the reason names in [fetch], then `fetch --retry blocked`",
    ),
    State.RATE_LIMITED: Policy(Again.BY_ITSELF, "`slateboard curate fetch` asks again when its time has come", None),
    State.NETWORK: Policy(Again.ASKED, "`slateboard curate fetch --retry network`", None),
    State.TRUNCATED: Policy(Again.ASKED, "`slateboard curate fetch --retry truncated`, or find another copy", None),
    State.NOT_VIDEO: Policy(Again.NEVER, "no video there; correct the address"),
    # A damaged transfer decodes the second time, a damaged original never.
    State.CORRUPT: Policy(Again.ASKED, "does not decode; find another copy", 2),
    State.TOO_LARGE: Policy(Again.NEVER, "over max_bytes of [fetch], max_pixels or max_streams of [limits]"),
    State.TOO_LONG: Policy(Again.NEVER, "over max_seconds of [fetch], max_duration_seconds or max_frames of [limits]"),
    State.LIVE: Policy(Again.ASKED, "not over yet: `slateboard curate fetch --retry live` when it has ended"),
    State.UNSUPPORTED: Policy(Again.NEVER, "yt-dlp or the decoder cannot; a newer yt-dlp may"),
    State.DUPLICATE: Policy(Again.NEVER, "the same window of the same file as another source"),
    State.TAKEN_DOWN: Policy(Again.NEVER, "removed here on request"),
    State.ERROR: Policy(Again.ASKED, "look at the reason: `slateboard curate status --all`"),
}
"""State -> policy; every state has one."""


def attempts_per_run(state: State, *, tries: int) -> int:
    """Return how many attempts one run makes at an address whose attempts all end in this state."""
    policy = POLICIES[state]
    return tries if policy.attempts_per_run is None else min(policy.attempts_per_run, tries)
