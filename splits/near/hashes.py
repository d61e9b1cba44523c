"""Which 256-bit hashes are near each other: all pairs within a Hamming distance, exactly."""

import re
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from slateboard.errors import BadInput, Problem
from splits.near.pigeonring import MOST_ROWS, Integers, Pairs, Words, near_rows

MOST_PAIRS = 50_000_000
"""Pairs that `near_pairs` returns at most: 0.8 GB. A few thousand equal hashes, as of blank pictures, make more."""

_BYTES = 32
_FORM = re.compile(r"[0-9a-f]{16}(?:-[0-9a-f]{16}){3}", re.ASCII | re.IGNORECASE)


def pack_fingerprints(fingerprints: Sequence[str]) -> tuple[Integers, NDArray[np.uint8]]:
    """Return the positions [k] of fingerprints of four 64-bit frame hashes, and these as bytes [k, 32].

    Fingerprints of any other form, empty ones too, are left out: there are len(fingerprints) - k of them.
    """
    matching = [(place, text) for place, text in enumerate(fingerprints) if _FORM.fullmatch(text)]
    packed = bytes.fromhex("".join(text.replace("-", "") for _, text in matching))
    return np.asarray([place for place, _ in matching], np.int64), np.frombuffer(packed, np.uint8).reshape(-1, _BYTES)


def near_pairs(hashes: NDArray[np.uint8], *, most_bits: int) -> Pairs:
    """Return all pairs of rows (i < j) of [n, 32] that differ in at most `most_bits` bits: [m, 2], sorted.

    Raises BadInput where there are more than MOST_PAIRS.
    """
    _check_form(hashes, most_bits)
    distinct, distinct_of_row = _distinct(hashes)
    count = np.bincount(distinct_of_row, minlength=len(distinct))
    equal = np.repeat(np.flatnonzero(count > 1)[:, None], 2, axis=1)
    by_hash = np.argsort(distinct_of_row, kind="stable")
    chunks, total = [np.zeros((0, 2), np.int64)], 0
    for pairs in chain([equal], near_rows(distinct, most_bits=most_bits)):
        # Rows of a pair of distinct hashes: c1 * c2; rows of one hash among themselves: c (c - 1) / 2.
        lower_count, upper_count = count[pairs].T
        within = lower_count * (lower_count - 1) // 2
        total += int(np.where(pairs[:, 0] == pairs[:, 1], within, lower_count * upper_count).sum())
        if total > MOST_PAIRS:
            raise _too_many(most_bits, len(hashes), int(count[count > 1].sum()))
        chunks.append(_pairs_of_rows(pairs, count, by_hash))
    all_pairs = np.concatenate(chunks)
    return all_pairs[np.lexsort((all_pairs[:, 1], all_pairs[:, 0]))]


def _pairs_of_rows(pairs: Pairs, count: Integers, by_hash: Integers) -> Pairs:
    """Return the pairs of rows (i < j) with the distinct hashes of `pairs`, each row of one with each of the other.

    count: rows of each distinct hash; by_hash: the rows, those of the first hash first.
    """
    start = np.cumsum(count) - count
    times = count[pairs].prod(axis=1)
    # A pair with c1 * c2 combinations is numbered 0 ... c1 * c2 - 1: number // c2 is the place in the one hash's rows,
    # number % c2 that in the other's. c1 = 2, c2 = 3: 0 0 0 1 1 1 and 0 1 2 0 1 2.
    number = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    lower, upper = np.repeat(pairs, times, axis=0).T
    lower_rows = by_hash[start[lower] + number // count[upper]]
    upper_rows = by_hash[start[upper] + number % count[upper]]
    once = (lower != upper) | (lower_rows < upper_rows)
    return np.stack([np.minimum(lower_rows, upper_rows), np.maximum(lower_rows, upper_rows)], axis=1)[once]


def _check_form(hashes: NDArray[np.uint8], most_bits: int) -> None:
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
    is_first = np.ones(len(words), bool)
    is_first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    place = np.empty(len(words), np.int64)
    place[order] = np.cumsum(is_first) - 1
    return ordered[is_first], place
