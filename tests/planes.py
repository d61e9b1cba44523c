"""Build a store of planes for a test."""

from pathlib import Path

from benchmark.frames.build import build_store
from benchmark.frames.geometry import Geometry
from benchmark.frames.plane_store import PlaneStore
from benchmark.frames.shard_reader import Shards
from benchmark.frames.shard_writer import PLANES
from slateboard.dataset import Dataset
from slateboard.engine import HERE, Place


def build(stores: Path, dataset: Dataset, geometry: Geometry, *, place: Place = HERE) -> PlaneStore:
    """Return the store of planes of a dataset, built if it does not exist."""
    return PlaneStore(Shards(build_store(stores, dataset, geometry, form=PLANES, place=place), geometry))
