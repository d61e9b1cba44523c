"""Search in Hamming space by blocks of bits, exact: which of many 256-bit hashes differ in few bits.

The bits are dealt into blocks. Of two hashes that differ in few bits some block differs in two at most (pigeonhole:
Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", CVPR 2012, section 2), and that
block and the next one together in few, too (Qin and Xiao, "Pigeonring: A Principle for Faster Thresholded Similarity
Search", VLDB 2018, the strong form). Blocks that differ in two bits become equal when one bit is turned over in each.
So every block is written down as it is and with each of its bits turned over, bits of the next block behind it; all
that is sorted, and what has enough in common is compared in full.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Integers = NDArray[np.int64]
Pairs = NDArray[np.int64]

_WORDS, _WORD_BITS = 4, 64
_WITHIN = 2
"""Bits in which some block differs at most. With 1 the blocks are so short that a million hashes make eleven times as
many comparisons; with 3 each block has hundreds of forms to sort instead of 24."""
_WIDEST = 28
"""Bits of a block that are looked at, so that they, the row and the number of the bit fit into 64 bits."""
_TURNED_BITS = 5
MOST_ROWS = (1 << (64 - _WIDEST - _TURNED_BITS)) - 1
"""Hashes that can be told apart in what is left."""
_TILE = 512
_CHUNK = 1 << 20


def near_rows(values: Words, *, most_bits: int) -> Iterator[Pairs]:
    """Yield pairs of rows (i < j) of [d, 4] within `most_bits` bits, each pair once."""
    forms = _forms(len(values), most_bits)
    every = len(values) * (len(values) - 1) // 2
    for number, form in enumerate(forms):
        entries = _entries(values, form)
        # Comparing each with each costs less then: too few hashes, too many bits, or too much alike.
        dear = _shared(entries, form) * len(forms) > every
        for pairs in _compared(values, most_bits) if dear else _candidates(entries, form):
            differ = values[pairs[:, 0]]
            differ ^= values[pairs[:, 1]]
            kept = np.flatnonzero(_count(differ) <= most_bits)
            for earlier in forms[:number]:
                kept = kept[~earlier.holds(differ[kept])]
            if len(kept):
                yield pairs[kept]
        if dear:
            return


@dataclass(frozen=True)
class _Form:
    """How a block is written down in 64 bits, from the highest: its bits, row, bit turned over, bits of the next."""

    block: list[tuple[int, int]]
    """Its bits: (word, bit)."""
    beside: list[tuple[int, int]]
    """Bits of the next block, as many as there is room for."""
    row_bits: int
    most_both: int
    """Bits in which block and next block differ together at most."""

    @property
    def below_row(self) -> int:
        """Bits below the row."""
        return _TURNED_BITS + len(self.beside)

    @property
    def below_block(self) -> int:
        """Bits below the block's."""
        return self.row_bits + self.below_row

    def holds(self, differ: Words) -> NDArray[np.bool_]:
        """Return for which differences [k, 4] the block finds the pair."""
        inside = _count(differ & _mask(self.block))
        return (inside <= _WITHIN) & (inside + _count(differ & _mask(self.beside)) <= self.most_both)


def _forms(rows: int, most_bits: int) -> list[_Form]:
    blocks = _blocks(-(-(most_bits + 1) // (_WITHIN + 1)))
    row_bits, both = rows.bit_length(), 2 * most_bits // len(blocks)
    return [
        _Form(block, after[: 64 - len(block) - row_bits - _TURNED_BITS], row_bits, both)
        for block, after in zip(blocks, [*blocks[1:], blocks[0]], strict=True)
    ]


def _blocks(count: int) -> list[list[tuple[int, int]]]:
    """Deal the bits (word, bit) into blocks, each bit to one block at most.

    A block has bits of all four words, and other ones of each: frame hashes of a clip are often alike, and frames
    such as a title are in many clips; blocks within one word would be equal in all of these.
    """
    blocks: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for bit in range(_WORD_BITS):
        for word in range(_WORDS):
            block = blocks[(bit + word * max(1, count // _WORDS)) % count]
            if len(block) < _WIDEST:
                block.append((word, bit))
    return blocks


def _mask(block: list[tuple[int, int]]) -> Words:
    masks = [sum(1 << bit for word, bit in block if word == wanted) for wanted in range(_WORDS)]
    return np.asarray(masks, np.uint64)


def _gathered(values: Words, block: list[tuple[int, int]]) -> Words:
    """Return a block's bits of [d, 4] as one number: [d]."""
    bits = np.zeros(len(values), np.uint64)
    for place, (word, bit) in enumerate(block):
        bits |= ((values[:, word] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(place)
    return bits


def _entries(values: Words, form: _Form) -> Words:
    """Return what is written down of a block, sorted: [d * (w + 1)]; of the bit turned over 0 means none."""
    plain = _gathered(values, form.block) << np.uint64(form.below_block)
    plain |= np.arange(len(values), dtype=np.uint64) << np.uint64(form.below_row)
    plain |= _gathered(values, form.beside)
    entries = np.empty((len(form.block) + 1, len(values)), np.uint64)
    entries[0] = plain
    for place in range(len(form.block)):
        number = np.uint64((place + 1) << len(form.beside))
        entries[place + 1] = (plain ^ np.uint64(1 << (place + form.below_block))) | number
    entries.reshape(-1).sort()
    return entries.reshape(-1)


def _shared(entries: Words, form: _Form) -> int:
    """Return how many pairs of entries have equal bits of the block."""
    bits = entries >> np.uint64(form.below_block)
    ends = np.flatnonzero(np.concatenate([[True], bits[1:] != bits[:-1], [True]]))
    runs = np.diff(ends)
    return int((runs * (runs - 1)).sum()) // 2


def _candidates(entries: Words, form: _Form) -> Iterator[Pairs]:
    """Yield pairs of rows (i < j) that a block finds, each once, in chunks."""
    shift, row_shift = np.uint64(form.below_block), np.uint64(form.below_row)
    turned_shift, turned = (
        np.uint64(len(form.beside)),
        np.uint64((1 << _TURNED_BITS) - 1),
    )
    beside, row = (
        np.uint64((1 << len(form.beside)) - 1),
        np.uint64((1 << form.row_bits) - 1),
    )
    for begin in range(0, len(entries) - 1, _CHUNK):
        ahead = entries[begin + 1 : begin + 1 + _CHUNK]
        active = begin + np.flatnonzero((ahead ^ entries[begin : begin + len(ahead)]) >> shift == 0)
        step = 1
        while len(active):
            one, other = entries[active], entries[active + step]
            first, second = one >> turned_shift & turned, other >> turned_shift & turned
            apart = np.bitwise_count((one ^ other) & beside) + (first > 0) + (second > 0)
            # Of the several ways in which two blocks become equal this is one.
            once = ((first < second) | (first + second == 0)) & (apart <= form.most_both)
            yield (np.stack([one[once], other[once]], axis=1) >> row_shift & row).view(np.int64)
            step += 1
            one, active = (
                one[active + step < len(entries)],
                active[active + step < len(entries)],
            )
            active = active[(one ^ entries[active + step]) >> shift == 0]


def _compared(values: Words, most_bits: int) -> Iterator[Pairs]:
    """Compare each with each, and yield pairs of rows (i < j) within `most_bits` bits."""
    words = np.ascontiguousarray(values.T)
    for first in range(0, len(values), _TILE):
        for second in range(first, len(values), _TILE):
            ones, others = (
                words[:, first : first + _TILE],
                words[:, second : second + _TILE],
            )
            bits = np.zeros((ones.shape[1], others.shape[1]), np.uint16)
            for one, other in zip(ones, others, strict=True):
                bits += np.bitwise_count(one[:, None] ^ other)
            row, column = np.nonzero(bits <= most_bits)
            row, column = row + first, column + second
            yield np.stack([row, column], axis=1)[row < column]


def _count(words: Words) -> NDArray[np.uint16]:
    """Return the bits that are set in each row of [k, 4]."""
    # Not sum(axis=1), which takes several times as long over so few columns, and not in 8 bits, which end at 255.
    first, second, third, fourth = np.bitwise_count(words).astype(np.uint16).T
    return np.asarray(first + second + third + fourth, np.uint16)
