"""Search in Hamming space by blocks of bits, exact: which of many 256-bit hashes differ in few bits.

The bits are dealt into blocks. Of two hashes that differ in few bits some block differs in two at most (pigeonhole:
Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", CVPR 2012, section 2), and that
block and the next one together in few, too (Qin and Xiao, "Pigeonring: A Principle for Faster Thresholded Similarity
Search", VLDB 2018, the strong form). Blocks that differ in two bits become equal when one bit is flipped in each.
So every block is written down as it is and with each of its bits flipped, bits of the next block behind it; all
that is sorted, and what has enough in common is compared in full.

31 bits of 256: 11 blocks of 23 or 24 bits. 31 / 11 = 2.8, so some block differs in 2 bits at most; and there is such a
block that differs together with the next in 2 * 31 / 11 = 5.6, so 5, at most.
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
_FLIP_BITS = 5
MOST_ROWS = (1 << (64 - _WIDEST - _FLIP_BITS)) - 1
"""Hashes that can be told apart in what is entry."""
_TILE = 512
"""Rows along each side of what is compared each with each at once."""
_CHUNK = 1 << 20
"""Entries that are compared with those behind them at once."""


def near_rows(hashes: Words, *, most_bits: int) -> Iterator[Pairs]:
    """Yield pairs of rows (i < j) of [d, 4] within `most_bits` bits, each pair once."""
    forms = _forms(len(hashes), most_bits)
    all_pairs = len(hashes) * (len(hashes) - 1) // 2
    for number, form in enumerate(forms):
        entries = _entries(hashes, form)
        # Comparing each with each costs less then: too few hashes, too many bits, or too much alike.
        dear = _count_equal_blocks(entries, form) * len(forms) > all_pairs
        for pairs in _compare_all(hashes, most_bits) if dear else _block_matches(entries, form):
            difference = hashes[pairs[:, 0]]
            difference ^= hashes[pairs[:, 1]]
            near = np.flatnonzero(_count_bits(difference) <= most_bits)
            # A pair that an earlier block finds as well was yielded there.
            for earlier in forms[:number]:
                near = near[~earlier.finds(difference[near])]
            if len(near):
                yield pairs[near]
        if dear:
            return


@dataclass(frozen=True)
class _Form:
    """How a block is written down in 64 bits, from the highest: its bits, row, bit flipped, bits of the next.

    A million hashes, 31 bits: 23 of the block, 20 of the row, 5 of the bit flipped, the first 16 of the next block.
    """

    block: list[tuple[int, int]]
    """Its bits: (word, bit)."""
    beside: list[tuple[int, int]]
    """Bits of the next block, as many as there is room for."""
    row_bits: int
    most_together: int
    """Bits in which block and next block differ together at most."""

    @property
    def below_row(self) -> int:
        """Bits below the row."""
        return _FLIP_BITS + len(self.beside)

    @property
    def below_block(self) -> int:
        """Bits below the block's."""
        return self.row_bits + self.below_row

    def finds(self, differences: Words) -> NDArray[np.bool_]:
        """Return for which differences [k, 4] (exclusive or of two hashes) the block finds the pair."""
        inside = _count_bits(differences & _mask(self.block))
        return (inside <= _WITHIN) & (inside + _count_bits(differences & _mask(self.beside)) <= self.most_together)


def _forms(rows: int, most_bits: int) -> list[_Form]:
    # The fewest blocks b with floor(most_bits / b) <= _WITHIN: ceil((31 + 1) / (2 + 1)) = 11.
    blocks = _blocks(-(-(most_bits + 1) // (_WITHIN + 1)))
    row_bits, most_together = rows.bit_length(), 2 * most_bits // len(blocks)
    return [
        _Form(block, after[: 64 - len(block) - row_bits - _FLIP_BITS], row_bits, most_together)
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
    masks = [sum(1 << bit for word, bit in block if word == position) for position in range(_WORDS)]
    return np.asarray(masks, np.uint64)


def _gather_bits(hashes: Words, block: list[tuple[int, int]]) -> Words:
    """Return a block's bits of [d, 4] as one number: [d]."""
    bits = np.zeros(len(hashes), np.uint64)
    for place, (word, bit) in enumerate(block):
        bits |= ((hashes[:, word] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(place)
    return bits


def _entries(hashes: Words, form: _Form) -> Words:
    """Return what is written down of a block, sorted: [d * (w + 1)]; 0 as the bit flipped means none."""
    plain = _gather_bits(hashes, form.block) << np.uint64(form.below_block)
    plain |= np.arange(len(hashes), dtype=np.uint64) << np.uint64(form.below_row)
    plain |= _gather_bits(hashes, form.beside)
    entries = np.empty((len(form.block) + 1, len(hashes)), np.uint64)
    entries[0] = plain
    for place in range(len(form.block)):
        number = np.uint64((place + 1) << len(form.beside))
        entries[place + 1] = (plain ^ np.uint64(1 << (place + form.below_block))) | number
    entries.reshape(-1).sort()
    return entries.reshape(-1)


def _count_equal_blocks(entries: Words, form: _Form) -> int:
    """Return how many pairs of entries have equal bits of the block."""
    bits = entries >> np.uint64(form.below_block)
    ends = np.flatnonzero(np.concatenate([[True], bits[1:] != bits[:-1], [True]]))
    runs = np.diff(ends)
    return int((runs * (runs - 1)).sum()) // 2


def _block_matches(entries: Words, form: _Form) -> Iterator[Pairs]:
    """Yield pairs of rows (i < j) that a block finds, each once, in chunks."""
    shift, row_shift, flip_shift = (np.uint64(low) for low in (form.below_block, form.below_row, len(form.beside)))
    flip_mask, beside_mask, row_mask = (
        np.uint64((1 << width) - 1) for width in (_FLIP_BITS, len(form.beside), form.row_bits)
    )
    for begin in range(0, len(entries) - 1, _CHUNK):
        # Equal blocks lie behind each other: each entry is compared with the one `step` behind it while that one's
        # block is equal, all entries of the chunk at once.
        following = entries[begin + 1 : begin + 1 + _CHUNK]
        active = begin + np.flatnonzero((following ^ entries[begin : begin + len(following)]) >> shift == 0)
        step = 1
        while len(active):
            entry, partner = entries[active], entries[active + step]
            entry_flip, partner_flip = entry >> flip_shift & flip_mask, partner >> flip_shift & flip_mask
            # Bits that differ: those beside the block, and one of the block for each flip that made it equal.
            distance = np.bitwise_count((entry ^ partner) & beside_mask) + (entry_flip > 0) + (partner_flip > 0)
            # A block that differs in bits a < b becomes equal by flipping a here and b there, or b here and a there;
            # one that differs in a by flipping it here or there. One way of each counts.
            once = ((entry_flip < partner_flip) | (entry_flip + partner_flip == 0)) & (distance <= form.most_together)
            yield (np.stack([entry[once], partner[once]], axis=1) >> row_shift & row_mask).view(np.int64)
            step += 1
            inside = active + step < len(entries)
            entry, active = entry[inside], active[inside]
            active = active[(entry ^ entries[active + step]) >> shift == 0]


def _compare_all(hashes: Words, most_bits: int) -> Iterator[Pairs]:
    """Compare each with each, tile by tile, and yield pairs of rows (i < j) within `most_bits` bits."""
    words = np.ascontiguousarray(hashes.T)
    for row_start in range(0, len(hashes), _TILE):
        for column_start in range(row_start, len(hashes), _TILE):
            rows, columns = words[:, row_start : row_start + _TILE], words[:, column_start : column_start + _TILE]
            bits = np.zeros((rows.shape[1], columns.shape[1]), np.uint16)
            for row_word, column_word in zip(rows, columns, strict=True):
                bits += np.bitwise_count(row_word[:, None] ^ column_word)
            row, column = np.nonzero(bits <= most_bits)
            row, column = row + row_start, column + column_start
            yield np.stack([row, column], axis=1)[row < column]


def _count_bits(words: Words) -> NDArray[np.uint16]:
    """Return the bits that are set in each row of [k, 4]."""
    # Not sum(axis=1), which takes several times as long over so few columns, and not in 8 bits, which end at 255.
    counts = np.bitwise_count(words).astype(np.uint16).T
    return np.asarray(counts[0] + counts[1] + counts[2] + counts[3], np.uint16)
