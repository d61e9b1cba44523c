"""Divide a dataset by a protocol, by parameters that are given, set in the settings or the protocol's defaults."""

import json
from collections.abc import Sequence
from typing import Any, Protocol

from slateboard.dataset import Dataset
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.records.split import Split
from slateboard.registry import Card, Extension, Parameters, Registry
from slateboard.settings import SplitSettings
from splits.extension import FixedGroups, Previous, fix_groups


class ProtocolModule(Extension, Protocol):
    """What a file of splits/protocols defines."""

    def divide(self, dataset: Dataset, parameters: Parameters, *, seed: int) -> list[Split]:
        """Return the splits of a dataset; `parameters` are all of the CARD's, settled."""


class ExtendableProtocolModule(ProtocolModule, Protocol):
    """What a protocol defines whose groups can keep their part in a later release."""

    def extend(self, dataset: Dataset, parameters: Parameters, *, seed: int, held: FixedGroups | None) -> list[Split]:
        """Return the splits of a dataset in which the groups of `held` keep their fold; None: none is held."""


PROTOCOLS = Registry("splits.protocols", ProtocolModule)
EXTENDABLE = Registry("splits.protocols", ExtendableProtocolModule)
EXTENDS = "extends"
"""Among the parameters of a split: the dataset whose groups keep their part in it."""


def divide(
    dataset: Dataset,
    *,
    protocol: str,
    settings: SplitSettings,
    overrides: Parameters | None = None,
    seed: int | None = None,
    previous: Previous | None = None,
) -> list[Split]:
    """Return the splits of a protocol. Parameters: `overrides` over the settings over the protocol's defaults.

    Groups that had a part in the splits of `previous` keep it; `extends` among the parameters names its dataset.
    """
    # test_share: --param test_share=0.25 before [split] test_share = 0.3 in slateboard.toml before the CARD's default.
    parameters = settle_parameters(protocol, settings=settings, overrides=overrides)
    used = settings.seed if seed is None else seed
    if previous is None:
        return PROTOCOLS.load(protocol).divide(dataset, parameters, seed=used)
    if not EXTENDABLE.offers(protocol):
        remedy = f"Divide anew without --extend; these can be extended: {', '.join(extendable())}."
        raise BadInput([Problem(f"protocol {protocol}", "has no groups that could keep their part.", remedy)])
    module = EXTENDABLE.load(protocol)
    extended = module.extend(dataset, parameters, seed=used, held=fix_groups(dataset, previous))
    return [split.model_copy(update={"parameters": {**split.parameters, EXTENDS: previous.key}}) for split in extended]


def settle_parameters(protocol: str, *, settings: SplitSettings, overrides: Parameters | None = None) -> Parameters:
    """Return all parameters of a protocol: `overrides` over the settings over its defaults."""
    card = PROTOCOLS.load(protocol).CARD
    from_settings = {name: value for name, value in settings.model_dump().items() if name in card.parameters}
    return card.settle({**from_settings, **(overrides or {})}, where=f"protocol {protocol}")


def extendable() -> list[str]:
    """Return the protocols whose groups can keep their part in a later release."""
    return [name for name in PROTOCOLS.names() if EXTENDABLE.offers(name)]


def requested_parameters(split: Split) -> Parameters:
    """Return the parameters that a split was asked for with, whether it extends another or not."""
    return {name: value for name, value in split.parameters.items() if name != EXTENDS}


def parameters_of(words: Sequence[str], card: Card, *, where: str) -> Parameters:
    """Return `key=value` words as values of the types that the card's defaults have."""
    values, problems = {}, []
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or name not in card.parameters:
            remedy = did_you_mean(name, card.parameters) if equals else "Write it as key=value."
            problems.append(Problem(where, f"unknown parameter '{word}'.", remedy))
            continue
        # `splits=3` is the number 3 where the default is a number, `set=3` the text "3" where it is a text.
        values[name] = text if isinstance(card.parameters[name].default, str) else _parse(text)
    if problems:
        raise BadInput(problems)
    return values


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
