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
"""Name of a slice -> a mask over the clips."""

_SHORT_SIDES = (240, 360, 480, 720, 1080)
"""Pixels at which a class of resolutions begins: 240p, 360p, 480p, 720p, 1080p."""
_QUANTILES = 3
"""Slices of a numeric column that has no edges of its own, with about as many clips in each."""
_MOST_VALUES = 50
"""Values of a column past which its slices would be single clips."""
_NUMBERS_AS_THEY_ARE = 12
"""Different numbers of a column up to which each is a slice."""


def slice_members(clips: pd.DataFrame, *, by: Sequence[str] = (), duration_seconds: Sequence[float] = ()) -> Members:
    """Return the slices of clips with the columns of ReleasedClip, effects first.

    `by` names further columns. Durations are divided at `duration_seconds`, or, where there are none, into thirds of
    these clips (by count, so that the edges depend on the list). Raises BadInput for a column that is not there or
    has too many values.
    """
    effects = clips["has_effects"].to_numpy()
    members: Members = {f"effects={state}": effects == state for state in ("true", "false", "unknown")}
    # `effects` of a clip is `text|sticker`, its kinds in one cell: it is a member of each.
    kinds = [set(filter(None, text.split("|"))) for text in clips["effects"].astype(str)]
    for kind in sorted(set().union(*kinds)):
        members[f"effect={kind}"] = np.array([kind in kinds_of_clip for kinds_of_clip in kinds])
    members |= _unless_single(_duration_slices(clips["duration_s"], duration_seconds))
    members |= _unless_single(_resolution_slices(clips))
    _check_columns(clips, by)
    for name in by:
        members |= _column_slices(name, clips[name])
    return members


def _duration_slices(column: "pd.Series[float]", edges: Sequence[float]) -> Members:
    values = column.to_numpy(dtype=np.float64)
    if edges:
        return _slices_between("duration", values, sorted(edges), unit="s")
    return _slices_of_thirds("duration", values, unit="s")


def _resolution_slices(clips: pd.DataFrame) -> Members:
    sides = clips[["width", "height"]].min(axis=1).to_numpy(dtype=np.float64)
    return _slices_between("short side", sides, _SHORT_SIDES, unit="px")


def _column_slices(name: str, column: "pd.Series[Any]") -> Members:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(dtype=np.float64)
        if len(np.unique(values)) > _NUMBERS_AS_THEY_ARE:
            return _slices_of_thirds(name, values, unit="")
    texts = column.astype(str).replace("", "none").to_numpy()
    return {f"{name}={value}": texts == value for value in sorted(set(texts))}


def _slices_between(name: str, values: Values, edges: Sequence[float], *, unit: str) -> Members:
    """Return the slices below, between and from the edges; a value of 0 or none at all is unknown."""
    is_known = values > 0
    # Edges (240, 360): 239 -> 0 `under 240`, 240 -> 1 `240 to under 360`, 360 -> 2 `360 or more`; unknown -> -1.
    place = np.where(is_known, np.searchsorted(edges, values, side="right"), -1)
    names = [
        f"under {edges[0]:g}",
        *(f"{low:g} to under {high:g}" for low, high in pairwise(edges)),
    ]
    names.append(f"{edges[-1]:g} or more")
    slices = {f"{name}={text} {unit}".rstrip(): place == at for at, text in enumerate(names)}
    slices[f"{name}=unknown"] = ~is_known
    return {slice_name: is_member for slice_name, is_member in slices.items() if is_member.any()}


def _slices_of_thirds(name: str, values: Values, *, unit: str) -> Members:
    """Return three slices of about equal count, each named by its least and greatest value; ties stay together."""
    is_known = ~np.isnan(values)
    # 9 clips of 1, 2, ... 9 s: quantiles 1/3 and 2/3 are 3.67 and 6.33 -> 1 to 3, 4 to 6, 7 to 9 s.
    edges = np.quantile(values[is_known], np.arange(1, _QUANTILES) / _QUANTILES) if is_known.any() else np.empty(0)
    place = np.where(is_known, np.searchsorted(edges, values, side="left"), -1)
    slices = {}
    for at in range(_QUANTILES):
        is_member = place == at
        if is_member.any():
            low, high = f"{values[is_member].min():.4g}", f"{values[is_member].max():.4g}"
            span = low if low == high else f"{low} to {high}"
            slices[f"{name} third=" + f"{span} {unit}".rstrip()] = is_member
    if not is_known.all():
        slices[f"{name}=unknown"] = ~is_known
    return slices


def _unless_single(slices: Members) -> Members:
    """Return the slices if there are several; a single slice would repeat the total."""
    return slices if len(slices) > 1 else {}


def _check_columns(clips: pd.DataFrame, by: Sequence[str]) -> None:
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


def twin_positions(clips: pd.DataFrame) -> Mapping[int, int]:
    """Return position of a clip with effects -> position of the one that it is a rendered twin of, where both are here.

    `clips` are those of a test list, by clip_id.
    """
    places = clips.index.get_indexer(pd.Index(clips["twin_of"].astype(str)))
    return {twin: int(origin) for twin, origin in enumerate(places) if origin >= 0}
