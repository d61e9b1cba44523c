"""Count sources by state, host and class, and format the counts as lines; `curate status` prints them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from curate.fetching.policy import POLICIES
from slateboard.escaping import column, terminal_width
from slateboard.records.source import State, host_of

LOCAL = "local"
"""In place of a host, for local files."""


def in_order(counts: Mapping[State, int]) -> dict[str, int]:
    """Return state -> number, in the order of `State`, without states of no source."""
    return {state.value: counts[state] for state in State if counts.get(state)}


def by_host(standing: Sequence[tuple[State, str, str]]) -> dict[str, dict[str, int]]:
    """Return host -> state -> number of (state, label, url); the host with most sources first."""
    return _grouped((host_of(url) or LOCAL, state) for state, _, url in standing)


def by_class(standing: Sequence[tuple[State, str, str]]) -> dict[str, dict[str, int]]:
    """Return label -> state -> number of (state, label, url); the label with most sources first."""
    return _grouped((label, state) for state, label, _ in standing)


def _grouped(pairs: Iterable[tuple[str, State]]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[State]] = {}
    for (name, state), number in Counter(pairs).items():
        counts.setdefault(name, Counter())[state] = number
    # Largest first, equal ones by name, so that two runs print the same.
    ordered = sorted(counts, key=lambda name: (-counts[name].total(), name))
    return {name: in_order(counts[name]) for name in ordered}


def state_lines(counts: Mapping[str, int]) -> list[str]:
    """Return a line for each state: number, state, when it is asked for again, and what to do."""
    lines = []
    for state, number in counts.items():
        policy = POLICIES[State(state)]
        again = "" if policy.advice == policy.again else f"[{policy.again}] "
        lines.append(f"{number:>7}  {state:<13} {again}{policy.advice}")
    return lines


def group_lines(counts: Mapping[str, Mapping[str, int]], *, title: str, most: int | None = None) -> list[str]:
    """Return a table of hosts or classes, a line each with its counts; those beyond `most` share one line."""
    names = list(counts)
    shown = names if most is None or len(names) <= most else names[:most]
    width = max(map(terminal_width, shown), default=0)
    lines = [f"{title}:"]
    for name in shown:
        states = ", ".join(f"{number} {state}" for state, number in counts[name].items())
        lines.append(f"{sum(counts[name].values()):>7}  {column(name, width)}  {states}")
    omitted = names[len(shown) :]
    if omitted:
        number = sum(sum(counts[name].values()) for name in omitted)
        lines.append(f"{number:>7}  in {len(omitted)} more (--all lists them)")
    return lines
