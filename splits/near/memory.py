"""Keep what was made last, up to a number of bytes: of twenty seconds or of an hour, it is as much memory."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Makes a value by its key, or gives the one that is kept. The newest is kept however large it is."""

    def __init__(self, make: Callable[[K], V], *, size: Callable[[V], int], most_bytes: int) -> None:
        self._make, self._size, self._most = make, size, most_bytes
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._bytes = 0

    def __call__(self, key: K) -> V:
        """Return the value of a key."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        value = self._make(key)
        self._kept[key] = value
        self._bytes += self._size(value)
        while self._bytes > self._most and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= self._size(oldest)
        return value
