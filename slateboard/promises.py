"""Hold a module that was loaded by name to the Protocol of its kind: members, their types, how functions are called."""

import inspect
import re
from collections.abc import Callable, Iterator
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from slateboard.errors import BadInput, Problem


class BrokenPromise(BadInput):
    """An extension file that lacks a member of its kind's Protocol, or has one of another type or signature."""


def check_promise(module: ModuleType, promise: type, *, guide: str = "docs/extending.md") -> None:
    """Raise BrokenPromise with every member of `promise` that a module lacks or has otherwise.

    Each problem names the file, the member and what is expected: the type of a constant, the signature of a function.
    """
    file = module.__file__ or module.__name__
    problems = [
        Problem(file, f"{fault}.", f"Expected: {expected_member(promise, name)} (see {guide}).")
        for name in members_of(promise)
        if (fault := _fault(module, promise, name))
    ]
    if problems:
        raise BrokenPromise(problems)


def keeps_promise(module: ModuleType, promise: type) -> bool:
    """Return whether a module has every member of a Protocol as it must be."""
    return not any(_fault(module, promise, name) for name in members_of(promise))


def members_of(promise: type) -> list[str]:
    """Return the public names that a Protocol and its bases define, in their order."""
    # Bases first: Extension's CARD, then what the kind adds.
    classes = [base for base in reversed(promise.__mro__) if getattr(base, "_is_protocol", False)]
    return list(dict.fromkeys(name for base in classes for name in vars(base) if not name.startswith("_")))


def expected_member(promise: type, name: str) -> str:
    """Return a member as its Protocol has it: `SIZE: int`, or `def detect(stack: Stack) -> list[Verdict]`."""
    member = inspect.getattr_static(promise, name)
    if isinstance(member, property):
        return f"{name}: {_plain(inspect.formatannotation(_type_of(member)))}"
    return f"def {name}{_plain(str(_without_self(member)))}"


def _fault(module: ModuleType, promise: type, name: str) -> str:
    """Return the fault of one member, the end of a sentence that the file begins; '' if it fits."""
    if not hasattr(module, name):
        return f"does not define '{name}'"
    value = getattr(module, name)
    member = inspect.getattr_static(promise, name)
    if isinstance(member, property):
        return "" if _is_of_type(value, _type_of(member)) else f"defines '{name}' as {value!r:.100}"
    if not callable(value):
        return f"defines '{name}' as {value!r:.100}, which is no function"
    signature = inspect.signature(value)
    return "" if _can_be_called(signature, _without_self(member)) else f"defines '{name}{_plain(str(signature))}'"


def _type_of(member: property) -> Any:
    return get_type_hints(member.fget)["return"]


def _without_self(function: Callable[..., Any]) -> inspect.Signature:
    signature = inspect.signature(function)
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _can_be_called(signature: inspect.Signature, promised: inspect.Signature) -> bool:
    """Return whether a function takes the arguments of the promised call: positional ones by place, others by name.

    `views(frames, parameters, *, generator)` keeps the promise of `views(frames, parameters, *, generator)`, with
    another name for a positional parameter too, or with further parameters that have defaults.
    """
    # The promised call is made with None for every argument, against the signature alone: nothing runs.
    positional: list[None] = []
    by_name: dict[str, None] = {}
    for name, parameter in promised.parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            by_name[name] = None
        else:
            positional.append(None)
    try:
        signature.bind(*positional, **by_name)
    except TypeError:
        return False
    return True


def _is_of_type(value: object, hint: Any) -> bool:
    """Return whether a constant has a type; of containers only the container is looked at."""
    return hint is Any or any(_is_of_one(value, kind) for kind in _alternatives(hint))


def _alternatives(hint: Any) -> Iterator[Any]:
    if get_origin(hint) in (Union, UnionType):
        yield from get_args(hint)
    else:
        yield hint


def _is_of_one(value: object, kind: Any) -> bool:
    if kind in (None, NoneType):
        return value is None
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if isinstance(value, bool) and kind is not bool:
        return False
    # As in PEP 484: where a float is expected, an int will do.
    return isinstance(value, int | float) if kind is float else isinstance(value, get_origin(kind) or kind)


def _plain(text: str) -> str:
    """Return annotations without the modules of their names: `Mapping[str, Any]`, not `collections.abc.Mapping`."""
    # collections.abc.Mapping[str, typing.Any] -> Mapping[str, Any]; quotes of postponed annotations go too.
    return re.sub(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])", "", text).replace("'", "")
