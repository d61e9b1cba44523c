"""Pairs of near hashes: exact, whatever the hashes are, and the form in which a release keeps them."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from slateboard.errors import BadInput
from slateboard.media.fingerprints import fingerprint
from splits.near import hashes
from splits.near.hashes import near_pairs, pack_fingerprints

Hashes = NDArray[np.uint8]


def brute_force(rows: Hashes, most_bits: int) -> NDArray[np.int64]:
    """Compare each with each, in another way than the code under test does: bits as numbers, one matrix product."""
    bits = np.unpackbits(rows, axis=1).astype(np.float32)
    found = []
    for first in range(0, len(rows), 2000):
        ours = bits[first : first + 2000]
        differ = ours.sum(axis=1)[:, None] + bits.sum(axis=1) - 2 * ours @ bits.T
        one, other = np.nonzero(differ <= most_bits)
        found.append(np.stack([one + first, other], axis=1)[one + first < other])
    return np.concatenate(found)


def planted(count: int, near_ones: int, *, most_bits: int, seed: int) -> Hashes:
    """Return uniform hashes, some of which are copies of others with 0 to `most_bits` + 2 bits turned over."""
    chance = np.random.default_rng(seed)
    bits = chance.integers(0, 2, (count, 256), np.uint8)
    for row in chance.choice(count, near_ones, replace=False):
        bits[row] = bits[chance.integers(count)]
        bits[row, chance.choice(256, chance.integers(most_bits + 3), replace=False)] ^= 1
    return np.packbits(bits, axis=1)


def test_ten_thousand_hashes_have_the_pairs_that_brute_force_finds() -> None:
    rows = planted(10_000, 3_000, most_bits=31, seed=1)
    expected = brute_force(rows, 31)
    assert len(expected) > 2_500
    assert near_pairs(rows, most_bits=31).tolist() == expected.tolist()


@pytest.mark.parametrize("most_bits", [0, 1, 2, 3, 10, 31, 45])
def test_pairs_are_exact_at_any_distance(most_bits: int) -> None:
    rows = planted(3_000, 1_500, most_bits=most_bits, seed=most_bits)
    expected = brute_force(rows, most_bits)
    assert len(expected) > 400
    assert near_pairs(rows, most_bits=most_bits).tolist() == expected.tolist()


@settings(max_examples=40)
@given(
    count=st.integers(0, 700),
    share=st.floats(0, 1),
    most_bits=st.sampled_from([0, 4, 31, 60, 256]),
    seed=st.integers(0, 2**32 - 1),
)
def test_few_hashes_have_the_pairs_that_brute_force_finds(count: int, share: float, most_bits: int, seed: int) -> None:
    rows = planted(count, int(share * count), most_bits=min(most_bits, 200), seed=seed)
    expected = brute_force(rows, most_bits) if count else np.zeros((0, 2), np.int64)
    assert near_pairs(rows, most_bits=most_bits).tolist() == expected.tolist()


@settings(max_examples=25)
@given(turned=st.sets(st.integers(0, 255), min_size=30, max_size=33), row=st.integers(1, 2_999))
def test_neighbours_are_found_wherever_their_bits_differ(turned: set[int], row: int) -> None:
    rows = planted(3_000, 0, most_bits=31, seed=7)
    bits = np.unpackbits(rows[0])
    bits[list(turned)] ^= 1
    rows[row] = np.packbits(bits)
    assert near_pairs(rows, most_bits=31).tolist() == ([[0, row]] if len(turned) <= 31 else [])


def _stills(chance: np.random.Generator) -> Hashes:
    """Return clips whose four frame hashes are nearly one, and each of them twice."""
    bits = np.tile(chance.integers(0, 2, (1_500, 64), np.uint8), (2, 4))
    return np.packbits(bits ^ (chance.random(bits.shape) < 0.03), axis=1)


def _title_cards(chance: np.random.Generator) -> Hashes:
    """Return clips that begin with the same frame."""
    rows = chance.integers(0, 256, (3_000, 32), np.uint8)
    rows[:, :8] = rows[0, :8]
    rows[5, 12:] = rows[9, 12:]
    return rows


def _clusters(chance: np.random.Generator) -> Hashes:
    """Return a hundred hashes with thirty variants each, about 30 bits apart."""
    bits = np.repeat(chance.integers(0, 2, (100, 256), np.uint8), 30, axis=0)
    return np.packbits(bits ^ (chance.random(bits.shape) < 0.065), axis=1)


def _blanks(chance: np.random.Generator) -> Hashes:
    """Return blank pictures, equal or with a bit or two of noise, and their negatives, 256 bits away."""
    rows = np.zeros((1_500, 32), np.uint8)
    rows[500:] = chance.integers(0, 256, (1_000, 32), np.uint8)
    rows[:200, 3], rows[200:250] = chance.integers(0, 4, 200), 255
    return chance.permutation(rows)


@pytest.mark.parametrize("made", [_stills, _title_cards, _clusters, _blanks])
def test_pairs_are_exact_where_hashes_are_alike(made) -> None:
    rows = made(np.random.default_rng(3))
    expected = brute_force(rows, 31)
    assert len(expected)
    assert near_pairs(rows, most_bits=31).tolist() == expected.tolist()


def test_more_pairs_than_memory_allows_are_refused(monkeypatch) -> None:
    rows = planted(300, 0, most_bits=31, seed=5)
    rows[100:] = rows[0]
    monkeypatch.setattr(hashes, "MOST_PAIRS", 20_100)
    assert len(near_pairs(rows, most_bits=31)) == 201 * 200 // 2
    monkeypatch.setattr(hashes, "MOST_PAIRS", 20_099)
    with pytest.raises(BadInput, match=re.escape("201 of them equal another")):
        near_pairs(rows, most_bits=31)


def test_a_million_equal_hashes_are_refused_before_memory_is_spent_on_them() -> None:
    rows = np.zeros((1_000_000, 32), np.uint8)
    with pytest.raises(BadInput, match="more than 50,000,000 pairs"):
        near_pairs(rows, most_bits=31)


def test_hashes_of_another_form_are_refused() -> None:
    with pytest.raises(ValueError, match="uint8 \\[n, 32\\]"):
        near_pairs(np.zeros((3, 8), np.uint8), most_bits=31)
    with pytest.raises(ValueError, match="most_bits must be"):
        near_pairs(np.zeros((3, 32), np.uint8), most_bits=-1)


def test_fingerprints_of_a_table_are_packed_and_others_left_out() -> None:
    whole = fingerprint([0, 1, 2**64 - 1, 0x8000_0000_0000_00FF])
    positions, rows = pack_fingerprints(
        ["", whole, fingerprint([1, 2, 3]), whole.upper(), f"{whole}-{0:016x}", f"{whole}\n"]
    )
    assert positions.tolist() == [1, 3]
    assert rows.tolist() == [[0] * 8 + [0] * 7 + [1] + [255] * 8 + [128, *[0] * 6, 255]] * 2
    assert (positions.dtype, rows.dtype) == (np.int64, np.uint8)
    assert [part.shape for part in pack_fingerprints([])] == [(0,), (0, 32)]
