"""A cache of the values used last, bounded by their bytes: long videos count for more than short ones."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Computes the value of a key, or returns the cached one. The newest is cached however large it is."""

    def __init__(self, make: Callable[[K], V], *, size: Callable[[V], int], most_bytes: int) -> None:
        self._make, self._size, self._most = make, size, most_bytes
        self._cache: OrderedDict[K, V] = OrderedDict()
        self._bytes = 0

    def __call__(self, key: K) -> V:
        """Return the value of a key."""
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        value = self._make(key)
        self._cache[key] = value
        self._bytes += self._size(value)
        while self._bytes > self._most and len(self._cache) > 1:
            _, oldest = self._cache.popitem(last=False)
            self._bytes -= self._size(oldest)
        return value
