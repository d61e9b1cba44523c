"""page.html of a run: its figures, settings and machine on one page that needs nothing else."""

from base64 import b64encode
from pathlib import Path

from jinja2 import Environment

from slateboard.files import write_text
from slateboard.records.result import Result

_TEMPLATE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ result.title }}, {{ result.run.dataset }} {{ result.run.protocol }}-{{ result.run.split }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2128 }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd }
img { max-width: 100%; display: block; margin: 1rem 0 }
</style>
<h1>{{ result.title }}</h1>
<p>{{ result.run.dataset }}, split {{ result.run.protocol }}-{{ result.run.split }}, seed {{ result.run.seed }}:
{{ result.n_expected }} test clips, {{ result.n_failed }} of them could not be decoded and count as wrong.</p>
<table>
<tr><th>stream</th><th>per video, % [95 %]</th><th>over groups</th><th>per image, % (n)</th><th>mean class, %</th></tr>
{% for score in result.scores %}<tr><td>{{ score.stream }}</td>
<td>{{ percent(score.video_accuracy) }} [{{ score.video_interval | map("percent") | join(", ") }}]</td>
<td>[{{ score.group_interval | map("percent") | join(", ") }}]</td>
<td>{{ percent(score.image_accuracy) }} ({{ score.n_images }})</td>
<td>{{ percent(score.mean_class_accuracy) }}</td></tr>
{% endfor %}</table>
{% for warning in result.warnings %}<p><strong>Warning:</strong> {{ warning }}</p>
{% endfor %}
{% for name, data in pictures %}<img alt="{{ name }}" src="data:image/png;base64,{{ data }}">
{% endfor %}
{% for title, facts in tables %}<h2>{{ title }}</h2>
<table>{% for key, value in facts %}<tr><td>{{ key }}</td><td>{{ value }}</td></tr>{% endfor %}</table>
{% endfor %}
</html>
"""


def write_page(folder: Path, result: Result) -> None:
    """Write page.html into the folder of a run, with the pictures that lie there."""
    environment = Environment(autoescape=True)
    environment.filters["percent"] = _percent
    pictures = [
        (name, b64encode((folder / name).read_bytes()).decode("ascii"))
        for name in ("curves.png", "confusion.png")
        if (folder / name).is_file()
    ]
    run = result.run
    tables = [
        ("Settings", [*run.parameters.items(), ("weights", run.weights), ("threads", run.threads)]),
        ("Machine", sorted(result.environment.items())),
        (
            "What made it",
            [("dataset", run.dataset_sha256), ("lists", run.split_sha256), ("trained on", result.train_sha256)],
        ),
    ]
    page = environment.from_string(_TEMPLATE)
    write_text(folder / "page.html", page.render(result=result, pictures=pictures, tables=tables, percent=_percent))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
