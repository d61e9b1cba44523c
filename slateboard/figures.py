"""Figures of matplotlib, in which every string is shown literally and in a font that has its letters."""

import warnings
from pathlib import Path
from typing import IO, Any

import matplotlib
from matplotlib import font_manager, ft2font
from matplotlib.figure import Figure
from matplotlib.text import Text

from slateboard.escaping import inline, isolated
from slateboard.fonts import PLAIN, FontFile, drawable, fallbacks, needs_shaping, tell_unshaped
from slateboard.scripts import shortened

# Of a name with two `$`, matplotlib would make mathematics, and stop where they are none; with usetex in somebody's
# matplotlibrc it would run LaTeX on it. Texts look here when they are made, so it is set before the first one.
matplotlib.rcParams.update({"text.parse_math": False, "text.usetex": False})


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches, without a window and without pyplot's list of all figures."""
    return Figure(figsize=(width, height), layout="constrained")


def figure_name(name: object, *, most: int) -> str:
    """Return a name as figures show it: at most `most` letters, each of which is drawn, be it as a box."""
    return drawable(shortened(inline(name), most))


def at_left(name: str) -> str:
    """Return a name for the beginning of a text: one written from right to left stays left of what follows it."""
    # `هرولة (2)` would be drawn with its count first. The plain font has left-to-right marks, and no isolates.
    return isolated(name, ends="\u200e\u200e")


def write_figure(figure: Figure, file: Path | IO[bytes], *, dpi: int, **options: Any) -> None:
    """Write a figure as PNG; each text is drawn in the installed fonts that have its letters."""
    axes = [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    # Names at ticks are put into their texts when the figure is drawn, or when somebody asks for them.
    at_ticks = {axis: "".join(label.get_text() for label in axis.get_ticklabels(which="both")) for axis in axes}
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    shown = "".join(text.get_text() for text in texts)
    if needs_shaping(shown) and not hasattr(ft2font, "__libraqm_version__"):
        tell_unshaped(f"matplotlib {matplotlib.__version__} (from 3.11 on it does not)")
    fonts = fallbacks(shown)
    if fonts:
        families = [PLAIN, *map(_known_family, fonts)]
        for axis, names in at_ticks.items():
            if fallbacks(names):
                axis.set_tick_params(which="both", labelfontfamily=families)
        for text in texts:
            if fallbacks(text.get_text()):
                text.set_fontfamily(families)
    with warnings.catch_warnings():
        # A warning a letter and a drawing; `fallbacks` has said it once, by script.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from")
        figure.savefig(file, format="png", dpi=dpi, **options)


def _known_family(font: FontFile) -> str:
    """Return the family of a font, which matplotlib finds from now on."""
    if font.family not in font_manager.get_font_names():
        font_manager.fontManager.addfont(font.path)
    return font.family
