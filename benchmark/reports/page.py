"""page.html of a run: its figures, settings and machine on one page that needs nothing else."""

from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image

from benchmark.reports.figures import readable
from benchmark.reports.mistakes import MOST
from benchmark.reports.probed import PROBES, Probes
from slateboard.addresses import scrub
from slateboard.escaping import pages
from slateboard.files import write_text
from slateboard.records.result import Result, Score, StreamCosts

_PICTURES = {
    "confusion.png": "Confusion matrix. Rows are what clips are, columns what they were taken for.",
    "classes.png": "Every class with the number of its test clips.",
    "mistakes.png": "The clips that the run is most sure of and wrong about, {mistakes} of {wrong}.",
    "reliability.png": "Confidence and accuracy. Orange is the gap between them; ECE is its mean.",
    "curves.png": "Training. Single views, as they were trained on; validation clips were held back.",
}
"""File -> what it shows, in the order of the page."""
_PROBES = "What the run loses on one frame, shuffled and reversed frames of each view, in points."
_WIDE = 1200
"""Pixels past which the letters of a picture would be too small in the width of the page."""
_CONFUSED = 10
"""Pairs of classes that are named."""

_TEMPLATE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ result.title }}, {{ result.run.dataset }} {{ result.run.protocol }}-{{ result.run.split }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; color: #1c2128 }
h1 { margin-bottom: 0 } h2 { margin-top: 2.5rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }
td, th { padding: .25rem 1rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd }
td.wide { overflow-wrap: anywhere }
figure { margin: 1.5rem 0 } figcaption { color: #555; font-size: .9rem }
img { max-width: 100%; display: block } img.wide { max-width: none }
.warn { border-left: 4px solid #b91c5c; padding-left: .8rem }
</style>
<h1><bdi>{{ result.title }}</bdi></h1>
<p>{{ result.run.dataset }}, split {{ result.run.protocol }}-{{ result.run.split }}, seed {{ result.run.seed }}:
{{ result.n_expected }} test clips; {{ result.n_failed }} of them could not be read
{%- if result.run.failed == "wrong" %} and count as wrong{% else %} and are left out of every figure{% endif %}.</p>
{% for warning in result.warnings %}<p class="warn"><strong>Warning:</strong> <bdi>{{ warning }}</bdi></p>
{% endfor %}
<div class="scroll"><table>
<tr><th>stream</th><th>per video, % of {{ result.scores[0].n_clips }}</th><th>over clips, 95 %</th><th>over groups</th>
<th>top 5</th><th>mean class [groups]</th><th>per image, % (n)</th><th>ECE</th></tr>
{% for score in result.scores %}<tr><td><bdi>{{ score.stream }}</bdi></td>
<td><strong>{{ score.video_accuracy | percent }}</strong></td><td>{{ score.video_interval | span }}</td>
<td>{{ score.group_interval | span }}</td><td>{{ score.top5_accuracy | percent }}</td>
<td>{{ score.mean_class_accuracy | percent }} {{ score.mean_class_interval | span }}</td>
<td>{{ score.image_accuracy | percent }} ({{ score.n_images }})</td>
<td>{% if score.calibration %}{{ "%.3f" | format(score.calibration.ece) }}{% else %}–{% endif %}</td></tr>
{% endfor %}</table></div>
{% if probes %}<h2>Does it need motion?</h2>
<p>A loss says that this run uses what was taken away; no loss says only that it does not.</p>
{% for sentence in probes.findings %}<p><bdi>{{ sentence }}</bdi></p>
{% endfor %}
{% endif %}
{% for name, caption, data, is_wide in pictures %}<figure>
<div class="scroll"><img alt="{{ name }}"{% if is_wide %} class="wide"{% endif %}
src="data:image/png;base64,{{ data }}"></div>
<figcaption>{{ caption }}</figcaption></figure>
{% endfor %}
{% if confused %}<h2>Most confused</h2>
<table><tr><th>true</th><th>taken for</th><th>clips</th><th>of</th></tr>
{% for row in confused %}<tr>{% for cell in row %}<td><bdi>{{ cell }}</bdi></td>{% endfor %}</tr>
{% endfor %}</table>{% endif %}
<h2>Parts of the test list</h2>
{% if main.stream != "all" %}<p>Stream <bdi>{{ main.stream }}</bdi>.</p>{% endif %}
<div class="scroll"><table>
<tr><th>part</th><th>clips</th><th>accuracy, %</th><th>over clips</th><th>groups</th><th>over groups</th></tr>
{% for name, part in main.slices.items() %}<tr><td><bdi>{{ name | replace("_", " ") | replace("=", ": ") }}</bdi></td>
<td>{{ part.n }}</td><td>{{ part.accuracy | percent }}</td><td>{{ (part.low, part.high) | span }}</td>
<td>{{ part.groups }}</td><td>{{ (part.group_low, part.group_high) | span }}</td></tr>
{% endfor %}</table></div>
{% for name, found in main.differences.items() %}<p>{% if name == "twins" %}Clips with effects against the same ones
without ({{ found.n }} pairs){% else %}Clips with effects ({{ found.n }}) against those without ({{ found.n_other }})
{%- endif %}: {{ "%+.1f" | format(100 * found.difference) }} points
{{ (found.low, found.high) | span }} over {{ found.groups }} groups.</p>
{% endfor %}
{% for title, facts in tables %}<h2>{{ title }}</h2>
<table>{% for key, value in facts %}<tr><td><bdi>{{ key }}</bdi></td><td class="wide"><bdi>{{ value }}</bdi></td></tr>
{% endfor %}</table>
{% endfor %}
</html>
"""


def write_page(folder: Path, result: Result) -> None:
    """Write page.html into the folder of a run, with the pictures and probes in that folder."""
    environment = pages()
    environment.filters["percent"] = _percent
    environment.filters["span"] = _span
    main = result.main
    wrong = int(np.sum(main.confusion) - np.trace(main.confusion))
    counts = {"wrong": wrong, "mistakes": min(wrong, MOST)}
    probes = Probes.read(folder / PROBES) if (folder / PROBES).is_file() else None
    names = {"probes.png": _PROBES, **_PICTURES} if probes else _PICTURES
    pictures = [
        (name, caption.format(**counts), *_inline(folder / name))
        for name, caption in names.items()
        if (folder / name).is_file()
    ]
    page = environment.from_string(_TEMPLATE).render(
        result=result,
        main=main,
        probes=probes,
        pictures=pictures,
        confused=_confused(main),
        tables=_tables(result),
    )
    write_text(folder / "page.html", page)


def _inline(path: Path) -> tuple[Markup, bool]:
    """Return a picture as base64, and whether it is too wide to be shown smaller."""
    with Image.open(path) as picture:
        return Markup(b64encode(path.read_bytes()).decode("ascii")), picture.width > _WIDE


def _tables(result: Result) -> list[tuple[str, list[tuple[str, Any]]]]:
    run = result.run
    costs = [(name, ", ".join(_cost(stream) + list(stream.weights_report))) for name, stream in result.streams.items()]
    tables = [
        ("Settings", [*run.parameters.items(), ("weights", run.weights), ("threads", run.threads)]),
        ("Streams", costs),
        ("Machine", sorted(result.environment.items())),
        (
            "What made it",
            [("dataset", run.dataset_sha256), ("lists", run.split_sha256), ("trained on", result.train_sha256)],
        ),
    ]
    # Weights may have been named by the path of their file.
    public = [(title, [(name, scrub(str(value))) for name, value in rows]) for title, rows in tables]
    return [(title, rows) for title, rows in public if rows]


def _cost(costs: StreamCosts) -> list[str]:
    """Return a phrase for each measured cost of a stream."""
    phrases = {
        "parameters": "{:,} trained numbers",
        "gflops": "{:.3g} GFLOPs a view",
        "train_seconds": "trained {:.1f} s",
        "test_seconds": "tested {:.1f} s",
        "n_repeating": "{} test clips shorter than a view",
        "weights": "weights {}",
    }
    return [phrase.format(getattr(costs, name)) for name, phrase in phrases.items() if getattr(costs, name) is not None]


def _confused(score: Score) -> list[tuple[str, str, int, int]]:
    """Return the most frequent mistakes: true class, predicted class, clips, clips of the true class."""
    names = readable(list(score.per_class))
    counts = np.array(score.confusion)
    np.fill_diagonal(counts, 0)
    # Places in the flat matrix, most clips first: of 4 classes place 6 is row 1, column 2. Stable, so that equal counts
    # come in the order of the classes.
    order = np.argsort(-counts, axis=None, kind="stable")[:_CONFUSED]
    cells = [divmod(int(place), len(names)) for place in order]
    support = [int(values["support"]) for values in score.per_class.values()]
    return [
        (names[row], names[column], int(counts[row, column]), support[row])
        for row, column in cells
        if counts[row, column]
    ]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def _span(ends: Sequence[float | None] | None) -> str:
    return f"[{_percent(ends[0])}, {_percent(ends[1])}]" if ends and ends[0] is not None else "–"
