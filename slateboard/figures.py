"""Figures of matplotlib, in which every string is shown literally."""

import matplotlib
from matplotlib.figure import Figure

# Of a name with two `$`, matplotlib would make mathematics, and stop where they are none; with usetex in somebody's
# matplotlibrc it would run LaTeX on it. Texts look here when they are made, so it is set before the first one.
matplotlib.rcParams.update({"text.parse_math": False, "text.usetex": False})


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches, without a window and without pyplot's list of all figures."""
    return Figure(figsize=(width, height), layout="constrained")
