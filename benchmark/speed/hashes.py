"""How long all near pairs of 256-bit hashes take, from ten thousand hashes to a million, and how much memory.

Uniform hashes, of which every hundredth is near another, and clustered ones as of real clips: four frame hashes that
are much alike, families of copies, a title card that 5 % begin with, and blank clips. Each measurement is a process of
its own. At the smallest count the pairs are compared with those of another, exhaustive way.

Example: python -m benchmark.speed.hashes --plot docs/hashes.png
"""

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splits.near.hashes import near_pairs

COUNTS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
EXHAUSTIVE_MOST = 30_000
MOST_BITS = 31
_SIDES_BLOCK = 2000
_FAMILY = 5
_CARD, _BLANK = 0.05, 0.001

Hashes = NDArray[np.uint8]


def uniform(count: int) -> Hashes:
    """Return random hashes, every hundredth a copy of another with 0 to MOST_BITS bits turned over: [count, 32]."""
    chance = np.random.default_rng(0)
    hashes = chance.integers(0, 256, (count, 32), np.uint8)
    copies = chance.choice(count, count // 100, replace=False)
    bits = np.unpackbits(hashes[chance.integers(0, count, len(copies))], axis=1)
    # The ranks of 256 random numbers are a random order; those below k are k places, each choice as likely.
    turned = chance.random(bits.shape).argsort(axis=1) < chance.integers(0, MOST_BITS + 1, len(copies))[:, None]
    hashes[copies] = np.packbits(bits ^ turned, axis=1)
    return hashes


def clustered(count: int) -> Hashes:
    """Return hashes that are much alike, within and among each other: [count, 32]."""
    chance = np.random.default_rng(0)
    families = -(-count // _FAMILY)
    # A hash is of four frames, 64 bits each. Those of a family show nearly one picture: 64 bits four times, a tenth of
    # them turned over, then 0.04 * 256 = 10 bits from clip to clip.
    bits = np.tile(chance.integers(0, 2, (families, 64), np.uint8), 4)
    bits ^= chance.random(bits.shape, np.float32) < 0.1
    # Sizes of families fall off geometrically: most have a few clips, some dozens.
    family = np.repeat(np.arange(families), chance.geometric(1 / _FAMILY, families))[:count]
    family = np.concatenate([family, chance.integers(0, families, count - len(family))])
    hashes = np.packbits(bits, axis=1)[family]
    for start in range(0, count, 100_000):
        block = hashes[start : start + 100_000]
        noise = chance.random((len(block), 256), np.float32) < 0.04
        block ^= np.packbits(noise, axis=1)
    cards = chance.choice(count, int(_CARD * count), replace=False)
    hashes[cards, :8] = hashes[cards[0], :8]
    hashes[chance.choice(count, int(_BLANK * count), replace=False)] = 0
    return chance.permutation(hashes)


def exhaustive(hashes: Hashes) -> NDArray[np.int64]:
    """Compare each with each by products of matrices: the same pairs as `near_pairs`."""
    # Of bits a and b differ |a| + |b| - 2 a.b: 3 and 4 bits set, 2 of them the same: 3.
    bits = np.unpackbits(hashes, axis=1).astype(np.float32)
    set_bits, chunks = bits.sum(axis=1), []
    for start in range(0, len(bits), _SIDES_BLOCK):
        block = slice(start, start + _SIDES_BLOCK)
        row, column = np.nonzero(set_bits[block, None] + set_bits - 2 * bits[block] @ bits.T <= MOST_BITS)
        chunks.append(np.stack([row + start, column], axis=1)[row + start < column])
    return np.concatenate(chunks)


KINDS: dict[str, Callable[[int], Hashes]] = {"uniform": uniform, "clustered": clustered}


def main() -> None:
    """Measure each kind at each count, print a line each and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path, help="Where to draw the figures.")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--one", nargs=3, metavar=("KIND", "COUNT", "WAY"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(_measure(*arguments.one)))
        return
    figures = []
    for kind in KINDS:
        for count in arguments.counts:
            figures.append(_in_own_process(kind, count, "near"))
            if count <= EXHAUSTIVE_MOST:
                figures.append(_in_own_process(kind, count, "exhaustive"))
                if figures[-1]["pairs_sum"] != figures[-2]["pairs_sum"]:
                    raise SystemExit(f"{kind}, {count}: the pairs are not those of the exhaustive way")
    if arguments.plot:
        _draw(figures, arguments.plot)


def _in_own_process(kind: str, count: int, way: str) -> dict[str, float | str]:
    command = [sys.executable, "-m", "benchmark.speed.hashes", "--one", kind, str(count), way]
    process = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, float | str] = json.loads(process.stdout)
    print(
        f"{kind:<9} {count:>9,} {way:<10} {figures['pairs']:>9,} pairs {figures['seconds']:8.2f} s "
        f"{figures['cpu_seconds']:8.2f} s of CPU {figures['peak_gb']:.2f} GB",
        flush=True,
    )
    return figures


def _measure(kind: str, count: str, way: str) -> dict[str, float | str]:
    hashes = KINDS[kind](int(count))
    started, cpu_started = time.perf_counter(), time.process_time()
    pairs = near_pairs(hashes, most_bits=MOST_BITS) if way == "near" else exhaustive(hashes)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    return {
        "kind": kind,
        "count": int(count),
        "way": way,
        "pairs": len(pairs),
        "pairs_sum": _checksum(pairs),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        # Linux counts in KiB; the hashes and Python are in it.
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    }


def _checksum(pairs: NDArray[np.int64]) -> str:
    return hashlib.sha256(np.ascontiguousarray(pairs).tobytes()).hexdigest()


def _draw(figures: list[dict[str, float | str]], path: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, (time_axes, memory_axes) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    lines = [(kind, "near", style) for kind, style in zip(KINDS, ("o-", "s-"), strict=True)]
    for kind, way, style in [*lines, ("uniform", "exhaustive", "x--")]:
        rows = [row for row in figures if (row["kind"], row["way"]) == (kind, way)]
        counts = [row["count"] for row in rows]
        label = f"{kind} hashes" if way == "near" else "each with each (one matrix product)"
        time_axes.plot(counts, [row["cpu_seconds"] for row in rows], style, label=label)
        if way == "near":
            memory_axes.plot(counts, [row["peak_gb"] for row in rows], style, label=label)
    smallest = next(row for row in figures if row["way"] == "near")
    ends = np.asarray([smallest["count"], max(row["count"] for row in figures)], np.float64)
    time_axes.plot(ends, float(smallest["cpu_seconds"]) * ends / ends[0], ":", color="grey", label="linear growth")
    time_axes.set(xscale="log", yscale="log", xlabel="hashes", ylabel="seconds of CPU, one thread")
    memory_axes.set(xscale="log", yscale="log", xlabel="hashes", ylabel="peak memory, GB")
    time_axes.legend(fontsize=8)
    memory_axes.legend(fontsize=8)
    figure.suptitle(f"All pairs of 256-bit hashes within {MOST_BITS} bits", fontsize=11)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
