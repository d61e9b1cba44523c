"""Which clips must stay together: connected components over shared source, group and equal files."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

LINKS = ("source_id", "source_url", "group", "sha256")
"""Clips that share a value of any of these belong together. Two pieces of one address have two source ids."""


def group_keys(clips: pd.DataFrame) -> pd.Series:
    """Return the key of each clip's component: its smallest clip_id, whatever the order of rows.

    `clips` has the columns clip_id and LINKS; a blank or missing value links nothing.
    The result has the index of `clips`.
    """
    ids = clips["clip_id"].astype(str).to_numpy(dtype=object)
    rows, values, first = [], [], len(clips)
    for column in LINKS:
        text = clips[column].fillna("").astype(str).str.strip()
        codes, _ = pd.factorize(text.where(text != "", None))
        linked = np.flatnonzero(codes >= 0)
        rows.append(linked)
        values.append(codes[linked] + first)
        first += int(codes.max(initial=-1)) + 1
    row, value = np.concatenate(rows), np.concatenate(values)
    graph = coo_array((np.ones(len(row), dtype=np.int8), (row, value)), shape=(first, first))
    _, components = connected_components(graph, directed=False)
    keys = pd.Series(ids, dtype=object).groupby(components[: len(clips)]).transform("min")
    return pd.Series(keys.to_numpy(), index=clips.index, name="group_key", dtype=object)
