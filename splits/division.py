"""Divide a dataset by a protocol's name, with the parameters that were given and the settings behind them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.records.split import Split
from slateboard.registry import Card, Registry
from slateboard.settings import Splitting

PROTOCOLS = Registry("splits.protocols", ("CARD", "divide"))
"""A protocol is `divide(dataset, parameters, *, seed) -> list[Split]`; parameters are settled by its CARD."""


def divide(
    dataset: Dataset,
    *,
    protocol: str,
    settings: Splitting,
    given: Mapping[str, Any] | None = None,
    seed: int | None = None,
) -> list[Split]:
    """Return the splits of a protocol: given parameters over the settings over the protocol's defaults."""
    module = PROTOCOLS.load(protocol)
    card: Card = module.CARD
    from_settings = {name: value for name, value in settings.model_dump().items() if name in card.parameters}
    parameters = card.settle({**from_settings, **(given or {})}, where=f"protocol {protocol}")
    splits: list[Split] = module.divide(dataset, parameters, seed=settings.seed if seed is None else seed)
    return splits


def parameters_of(words: Sequence[str], card: Card, *, where: str) -> dict[str, Any]:
    """Return `key=value` words as values of the types that the card's defaults have."""
    values, problems = {}, []
    for word in words:
        name, found, text = word.partition("=")
        if not found or name not in card.parameters:
            remedy = did_you_mean(name, card.parameters) if found else "Write it as key=value."
            problems.append(Problem(where, f"unknown parameter '{word}'.", remedy))
            continue
        values[name] = text if isinstance(card.parameters[name].default, str) else _value(text)
    if problems:
        raise BadInput(problems)
    return values


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
