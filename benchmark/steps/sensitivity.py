"""Ask how much a result hangs on the decoder: a trained run on frames that other programs decoded.

Writes sensitivity.json and sensitivity.parquet into the folder of the run. PyAV is always asked too, as a control:
what differs there from the run's own predictions is not the decoder's doing.

Example: slateboard bench sensitivity runs/demo-v1/seags-1/c3d/0-1f2e3d4c --decoder opencv
"""

from typing import Annotated

import typer

from benchmark.running.load import load_run
from benchmark.studies.sensitivity import SENSITIVITY, Sensitivity, sensitivity
from slateboard.errors import SlateboardError, did_you_mean
from slateboard.files import atomic_write
from slateboard.json_output import JsonOutput
from slateboard.media.decoders import DECODERS, FFMPEG, OPENCV
from slateboard.options import FinishedRun
from slateboard.progress import show
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    run: FinishedRun,
    decoder: Annotated[
        list[str] | None, typer.Option(help="pyav, opencv or ffmpeg; repeatable; opencv and ffmpeg if not given.")
    ] = None,
) -> JsonOutput:
    """Test one run again with each decoder's frames and print a line each."""
    decoders = decoder or [OPENCV, FFMPEG]
    for name in decoders:
        if name not in DECODERS:
            raise SlateboardError(f"Unknown decoder '{name}'. {did_you_mean(name, DECODERS)}")
    measured, predictions = sensitivity(workspace, load_run(workspace, run), decoders)
    with atomic_write(run / "sensitivity.parquet") as temporary:
        predictions.to_parquet(temporary, index=False)
    measured.write(run / SENSITIVITY)
    for line in table(measured):
        show(line)
    return {"folder": str(run), **measured.row()}


def table(measured: Sensitivity) -> list[str]:
    """Return a line for each stream and decoder, and one for the spread of each stream."""
    head = f"{'stream':<12}{'decoder':<20}{'accuracy %':>11}{'top-1 changes %':>17}{'failed':>8}{'other count':>13}"
    lines = [head]
    for stream, accuracy in measured.tested.items():
        lines.append(f"{stream:<12}{'as tested':<20}{100 * accuracy:>11.1f}")
        lines += [
            f"{stream:<12}{row.decoder:<20}{100 * row.accuracy:>11.1f}{100 * row.changed:>17.1f}"
            f"{row.n_failed:>8}{row.n_other_count:>13}"
            for row in measured.rows
            if row.stream == stream
        ]
        lines.append(f"{stream:<12}{'spread':<20}{100 * measured.spread[stream]:>11.1f}")
    return lines
