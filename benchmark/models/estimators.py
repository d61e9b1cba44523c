"""Save and load fitted scikit-learn estimators as files that hold numbers and names of known types, and never code."""

from pathlib import Path
from typing import Any

from benchmark.baseline import Estimator
from benchmark.models.strangers import refuse_growing
from slateboard.errors import BadInput, Problem
from slateboard.files import atomic_write

ENDING = ".skops"
"""Of a file in a run's checkpoints/."""


def save_estimator(path: Path, model: Estimator) -> None:
    """Write a fitted estimator or pipeline."""
    # Imported here: it takes a second, which no run of a network should wait for.
    import skops.io

    with atomic_write(path) as temporary:
        skops.io.dump(model, temporary)


def load_estimator(path: Path) -> Any:
    """Read a fitted estimator; raises BadInput for a file that holds anything but scikit-learn's and NumPy's types.

    Unlike a pickle it can run nothing: it lists types by name, and only those that skops knows to be harmless are
    made.
    """
    import skops.io

    remedy = "Run the baseline again; do not open the file otherwise."
    try:
        refuse_growing(path)
        unknown = skops.io.get_untrusted_types(file=path)
        estimator = None if unknown else skops.io.load(path, trusted=[])
    except Exception as error:  # skops raises whatever a file makes zip, JSON, NumPy or itself raise
        what = f"is no file of an estimator ({str(error).split(chr(10))[0][:300] or type(error).__name__})."
        raise BadInput([Problem(str(path), what, remedy)]) from None
    if unknown:
        what = f"holds types that need not be harmless: {', '.join(sorted(unknown)[:5])}."
        raise BadInput([Problem(str(path), what, remedy)])
    if not hasattr(estimator, "classes_"):
        what = f"holds a {type(estimator).__name__}, which has no classes."
        raise BadInput([Problem(str(path), what, remedy)])
    return estimator
