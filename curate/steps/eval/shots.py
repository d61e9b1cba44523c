"""Evaluate shot detectors against cuts that a person marked: precision, recall, F1, false cuts, kinds.

TRUTH is a CSV with the columns video,frame,kind,confidence,note; videos lie beside it or in --folder. Each is decoded
once for all detectors. Sure cuts must be found; fades, dissolves, flashes and doubtful cuts may be, and are typed.
What other programs found (--found) is scored by the same rules: a CSV with the columns video,frame.

Example: slateboard curate eval shots ../shared/realdata/shots/handchecked_cuts.csv --detector structure
"""

from pathlib import Path
from typing import Annotated

import typer

from curate.shots.boundaries import Boundary
from curate.shots.scoring import Report, Score, report
from curate.shots.tracking import DETECTORS, boundaries_in
from curate.shots.truth import read_detections, read_truth
from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.json_output import JsonObject, JsonOutput
from slateboard.progress import progress, show


def command(
    truth: Annotated[Path, typer.Argument(help="CSV of the marked changes.")],
    detector: Annotated[list[str] | None, typer.Option(help="Detector; may be repeated. Default: all.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where the videos lie. Default: beside TRUTH.")] = None,
    found: Annotated[list[Path] | None, typer.Option(help="CSV of another program; may be repeated.")] = None,
) -> JsonOutput:
    """Score detectors on marked videos."""
    names = list(detector or DETECTORS.names())
    unknown = [name for name in names if name not in DETECTORS.names()]
    marked = read_truth(truth)
    paths = {video: (folder or truth.parent) / video for video in marked}
    problems = [Problem("--detector", f"unknown '{name}'.", did_you_mean(name, DETECTORS.names())) for name in unknown]
    problems += [
        Problem(str(truth), f"{path} is not there.", "Give --folder.") for path in paths.values() if not path.is_file()
    ]
    if problems:
        raise BadInput(problems)
    boundaries_by_detector: dict[str, dict[str, list[Boundary]]] = {name: {} for name in names}
    boundaries_by_detector = {path.stem: read_detections(path, marked) for path in found or ()} | boundaries_by_detector
    # Each video is decoded once for all detectors: they share its thumbnails.
    with progress("decode", len(paths), unit="videos") as bar:
        for video, path in paths.items():
            for name, boundaries in boundaries_in(path, names).items():
                boundaries_by_detector[name][video] = boundaries
            bar.step()
    reports = {name: report(boundaries, marked) for name, boundaries in boundaries_by_detector.items()}
    for line in _lines(reports):
        show(line)
    return {"detectors": {name: _plain(detector_report) for name, detector_report in reports.items()}}


def _lines(reports: dict[str, Report]) -> list[str]:
    width = max(map(len, reports))
    lines = []
    for name, detector_report in reports.items():
        for tolerance, score in detector_report.cuts.items():
            lines.append(
                f"{name:<{width}}  tolerance {tolerance}: precision {_share(score.precision)}, recall "
                f"{_share(score.recall)}, F1 {_share(score.f1)} (tp {score.tp}, fp {score.fp}, fn {score.fn})"
            )
        clean = f"{detector_report.clean_videos} videos without a change: {detector_report.clean_false}"
        lines.append(f"{name:<{width}}  false cuts in {clean}")
        for kind, answers in sorted(detector_report.typed.items()):
            spread = ", ".join(f"{answer} {count}" for answer, count in sorted(answers.items()))
            lines.append(f"{name:<{width}}  {kind} taken for: {spread}")
    return lines


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _plain(detector_report: Report) -> JsonObject:
    return {
        "cuts": {str(tolerance): _numbers(score) for tolerance, score in detector_report.cuts.items()},
        "clean_videos": detector_report.clean_videos,
        "clean_false": detector_report.clean_false,
        "typed": {kind: dict(answers) for kind, answers in detector_report.typed.items()},
    }


def _numbers(score: Score) -> JsonObject:
    return {
        "precision": score.precision,
        "recall": score.recall,
        "f1": score.f1,
        "tp": score.tp,
        "fp": score.fp,
        "fn": score.fn,
    }
