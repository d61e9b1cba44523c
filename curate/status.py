"""Counts of sources by state, and what to do about each state."""

from collections import Counter
from collections.abc import Iterable

from slateboard.records.source import Source, State

ADVICE = {
    State.NEW: "not tried: `slateboard curate fetch`",
    State.FETCHED: "done",
    State.GONE: "removed at its host; nothing to do",
    State.PRIVATE: "needs a login",
    State.BLOCKED: "refused from here",
    State.RATE_LIMITED: "wait, then `slateboard curate fetch --retry rate_limited`",
    State.NETWORK: "`slateboard curate fetch --retry network`",
    State.TRUNCATED: "`slateboard curate fetch --retry truncated`, or find another copy",
    State.NOT_VIDEO: "no video there; correct the address",
    State.CORRUPT: "does not decode; find another copy",
    State.TOO_LARGE: "over max_bytes of [fetch]",
    State.TOO_LONG: "over max_seconds of [fetch]",
    State.LIVE: "wait until it has ended",
    State.UNSUPPORTED: "yt-dlp or the decoder cannot",
    State.DUPLICATE: "the same file as another source",
    State.TAKEN_DOWN: "removed here on request",
    State.ERROR: "look at the reason: `slateboard curate status --all`",
}


def count_states(sources: Iterable[Source]) -> dict[str, int]:
    """Return state -> number of sources, in the order of the states; states without sources are left out."""
    counts = Counter(source.state for source in sources)
    return {state.value: counts[state] for state in State if counts[state]}


def state_lines(counts: dict[str, int]) -> list[str]:
    """Return a line for each state: number, state, what to do."""
    return [f"{number:>7}  {state:<13} {ADVICE[State(state)]}" for state, number in counts.items()]
