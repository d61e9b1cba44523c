"""What a person looks at in the folder of a run: every figure, and the page that shows them."""

from pathlib import Path

import pandas as pd

from benchmark.reports.figures import draw_classes, draw_confusion, draw_curves, draw_reliability
from benchmark.reports.mistakes import draw_mistakes, mistakes
from benchmark.reports.page import write_page
from benchmark.training import log
from slateboard.dataset import Dataset
from slateboard.records.result import Result
from slateboard.records.split import Split


def write_report(folder: Path, result: Result, predictions: pd.DataFrame, dataset: Dataset, split: Split) -> None:
    """Draw the curves of all streams, the figures and worst mistakes of the main stream, and write page.html.

    A picture without content is not written: curves of estimators, mistakes of a run without one.
    """
    main = result.main
    rows = [row for row in log.read(folder / "log.csv") if int(row["epoch"])]
    if rows:
        draw_curves(folder / "curves.png", rows)
    draw_confusion(folder / "confusion.png", main, dataset.classes)
    draw_classes(folder / "classes.png", main)
    if main.calibration is not None:
        draw_reliability(folder / "reliability.png", main)
    draw_mistakes(folder / "mistakes.png", mistakes(predictions, dataset, split, stream=main.stream), dataset)
    write_page(folder, result)
