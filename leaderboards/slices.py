"""Slices: which test clips are of which kind, by effects, length, resolution, or any column of clips.csv."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from slateboard.errors import BadInput, Problem, did_you_mean

Values = NDArray[np.floating[Any]]
Members = dict[str, NDArray[np.bool_]]
"""Name of a slice -> whether each clip is in it."""

_SHORT_SIDES = (240, 360, 480, 720, 1080)
"""Pixels at which a class of resolutions begins: 240p, 360p, 480p, 720p, 1080p."""
_PARTS = 3
"""Slices of a number without edges of its own: as many clips in each as can be."""
_MOST_VALUES = 50
"""Values of a column past which its slices would be single clips."""
_NUMBERS_AS_THEY_ARE = 12
"""Different numbers of a column up to which each is a slice."""


def members(clips: pd.DataFrame, *, by: Sequence[str] = (), duration_seconds: Sequence[float] = ()) -> Members:
    """Return the slices of clips with the columns of ReleasedClip, effects first.

    `by` names further columns. Durations are divided at `duration_seconds`, or, where there are none, into thirds of
    these clips (by count, so that the edges depend on the list). Raises BadInput for a column that is not there or
    has too many values.
    """
    effects = clips["has_effects"].to_numpy()
    found: Members = {f"effects={state}": effects == state for state in ("true", "false", "unknown")}
    kinds = [set(filter(None, text.split("|"))) for text in clips["effects"].astype(str)]
    for kind in sorted(set().union(*kinds)):
        found[f"effect={kind}"] = np.array([kind in own for own in kinds])
    found |= _several(_durations(clips["duration_s"], duration_seconds))
    found |= _several(_short_sides(clips))
    _refuse(clips, by)
    for name in by:
        found |= _of_column(name, clips[name])
    return found


def _durations(column: "pd.Series[float]", edges: Sequence[float]) -> Members:
    values = column.to_numpy(dtype=np.float64)
    if edges:
        return _between("duration", values, sorted(edges), unit="s")
    return _thirds("duration", values, unit="s")


def _short_sides(clips: pd.DataFrame) -> Members:
    sides = clips[["width", "height"]].min(axis=1).to_numpy(dtype=np.float64)
    return _between("short side", sides, _SHORT_SIDES, unit="px")


def _of_column(name: str, column: "pd.Series[Any]") -> Members:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(dtype=np.float64)
        if len(np.unique(values)) > _NUMBERS_AS_THEY_ARE:
            return _thirds(name, values, unit="")
    texts = column.astype(str).replace("", "none").to_numpy()
    return {f"{name}={value}": texts == value for value in sorted(set(texts))}


def _between(name: str, values: Values, edges: Sequence[float], *, unit: str) -> Members:
    """Return the slices below, between and from the edges; a value of 0 or none at all is unknown."""
    known = values > 0
    place = np.where(known, np.searchsorted(edges, values, side="right"), -1)
    names = [
        f"under {edges[0]:g}",
        *(f"{low:g} to under {high:g}" for low, high in pairwise(edges)),
    ]
    names.append(f"{edges[-1]:g} or more")
    found = {f"{name}={text} {unit}".rstrip(): place == at for at, text in enumerate(names)}
    found[f"{name}=unknown"] = ~known
    return {slice_name: own for slice_name, own in found.items() if own.any()}


def _thirds(name: str, values: Values, *, unit: str) -> Members:
    """Return parts of about equal count, named by their least and greatest value; equal values stay together."""
    known = ~np.isnan(values)
    edges = np.quantile(values[known], np.arange(1, _PARTS) / _PARTS) if known.any() else np.empty(0)
    place = np.where(known, np.searchsorted(edges, values, side="left"), -1)
    found = {}
    for at in range(_PARTS):
        own = place == at
        if own.any():
            low, high = f"{values[own].min():.4g}", f"{values[own].max():.4g}"
            span = low if low == high else f"{low} to {high}"
            found[f"{name} third=" + f"{span} {unit}".rstrip()] = own
    if not known.all():
        found[f"{name}=unknown"] = ~known
    return found


def _several(found: Members) -> Members:
    """Return slices where there is more than one: a slice of everything says what the total says."""
    return found if len(found) > 1 else {}


def _refuse(clips: pd.DataFrame, by: Sequence[str]) -> None:
    problems = []
    for name in by:
        if name not in clips.columns:
            problems.append(Problem("slices", f"no column '{name}' in clips.", did_you_mean(name, clips.columns)))
            continue
        column = clips[name]
        many = column.nunique() if not pd.api.types.is_numeric_dtype(column) else 0
        if many > _MOST_VALUES:
            what = f"'{name}' has {many} values in {len(clips)} test clips."
            problems.append(Problem("slices", what, f"Name a column with {_MOST_VALUES} or fewer."))
    if problems:
        raise BadInput(problems)


def twins(clips: pd.DataFrame) -> Mapping[int, int]:
    """Return position of a clip with effects -> position of the one that it is a rendered twin of, where both are here.

    `clips` are those of a test list, by clip_id.
    """
    places = clips.index.get_indexer(pd.Index(clips["twin_of"].astype(str)))
    return {twin: int(origin) for twin, origin in enumerate(places) if origin >= 0}
