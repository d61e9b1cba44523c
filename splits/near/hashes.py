"""Which 256-bit hashes are near each other: all pairs within a Hamming distance, exactly, or the groups they make."""

import re
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from slateboard.errors import BadInput, Problem
from splits.near.pigeonring import MOST_ROWS, Integers, Pairs, Words, near_rows

MOST_PAIRS = 50_000_000
"""Pairs that `near` returns at most: 0.8 GB. A few thousand equal hashes, as of blank pictures, make more."""

_BYTES = 32
_FORM = re.compile(r"[0-9a-f]{16}(?:-[0-9a-f]{16}){3}", re.ASCII | re.IGNORECASE)


def packed(fingerprints: Sequence[str]) -> tuple[Integers, NDArray[np.uint8]]:
    """Return the positions [k] of fingerprints of four 64-bit frame hashes, and these as bytes [k, 32].

    Fingerprints of any other form, empty ones too, are left out: there are len(fingerprints) - k of them.
    """
    whole = [(place, text) for place, text in enumerate(fingerprints) if _FORM.fullmatch(text)]
    data = bytes.fromhex("".join(text.replace("-", "") for _, text in whole))
    return np.asarray([place for place, _ in whole], np.int64), np.frombuffer(data, np.uint8).reshape(-1, _BYTES)


def near(hashes: NDArray[np.uint8], *, most_bits: int) -> Pairs:
    """Return all pairs of rows (i < j) of [n, 32] that differ in at most `most_bits` bits: [m, 2], sorted.

    Raises BadInput where there are more than MOST_PAIRS; `groups` has no such bound for equal hashes.
    """
    _refuse(hashes, most_bits)
    values, value_of_row = _distinct(hashes)
    count = np.bincount(value_of_row, minlength=len(values))
    equal = np.repeat(np.flatnonzero(count > 1)[:, None], 2, axis=1)
    by_value = np.argsort(value_of_row, kind="stable")
    found, total = [np.zeros((0, 2), np.int64)], 0
    for pairs in chain([equal], near_rows(values, most_bits=most_bits)):
        ones, others = count[pairs].T
        total += int(np.where(pairs[:, 0] == pairs[:, 1], ones * (ones - 1) // 2, ones * others).sum())
        if total > MOST_PAIRS:
            raise _too_many(most_bits, len(hashes), int(count[count > 1].sum()))
        found.append(_of_rows(pairs, count, by_value))
    every = np.concatenate(found)
    return every[np.lexsort((every[:, 1], every[:, 0]))]


def groups(hashes: NDArray[np.uint8], *, most_bits: int) -> Integers:
    """Return for each row of [n, 32] the smallest row that it is joined to by a chain of near pairs: [n]."""
    _refuse(hashes, most_bits)
    values, value_of_row = _distinct(hashes)
    group = np.arange(len(values))
    for pairs in near_rows(values, most_bits=most_bits):
        ends, place = np.unique(group[pairs], return_inverse=True)
        one, other = place.reshape(pairs.shape).T
        graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(len(ends), len(ends)))
        _, component = connected_components(graph, directed=False)
        _, smallest = np.unique(component, return_index=True)
        now = np.arange(len(values))
        now[ends] = ends[smallest[component]]
        group = now[group]
    _, first_row, place = np.unique(group[value_of_row], return_index=True, return_inverse=True)
    return np.asarray(first_row[place], np.int64)


def _of_rows(pairs: Pairs, count: Integers, by_value: Integers) -> Pairs:
    """Return the pairs of rows (i < j) that have the values of `pairs`, each row of one with each of the other.

    count: rows of each value; by_value: the rows, those of the first value first.
    """
    first = np.cumsum(count) - count
    times = count[pairs].prod(axis=1)
    number = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    one, other = np.repeat(pairs, times, axis=0).T
    ones, others = (
        by_value[first[one] + number // count[other]],
        by_value[first[other] + number % count[other]],
    )
    once = (one != other) | (ones < others)
    return np.stack([np.minimum(ones, others), np.maximum(ones, others)], axis=1)[once]


def _refuse(hashes: NDArray[np.uint8], most_bits: int) -> None:
    if hashes.ndim != 2 or hashes.shape[1] != _BYTES or hashes.dtype != np.uint8 or len(hashes) > MOST_ROWS:
        form = f"{hashes.dtype} {list(hashes.shape)}"
        raise ValueError(f"hashes must be uint8 [n, {_BYTES}], n <= {MOST_ROWS:,} (got {form}).")
    if not 0 <= most_bits <= 8 * _BYTES:
        raise ValueError(f"most_bits must be from 0 to {8 * _BYTES} (got {most_bits}).")


def _too_many(most_bits: int, count: int, equal: int) -> BadInput:
    what = f"{count:,} make more than {MOST_PAIRS:,} pairs within {most_bits} bits; {equal:,} of them equal another."
    return BadInput([Problem("hashes", what, "Keep one of equal hashes, or allow fewer bits.")])


def _distinct(hashes: NDArray[np.uint8]) -> tuple[Words, Integers]:
    """Return the distinct hashes as words [d, 4], and which of them each row is [n]."""
    words = np.ascontiguousarray(hashes).view(np.uint64)
    order = np.lexsort(words.T)
    ordered = words[order]
    fresh = np.ones(len(words), bool)
    fresh[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    place = np.empty(len(words), np.int64)
    place[order] = np.cumsum(fresh) - 1
    return ordered[fresh], place
