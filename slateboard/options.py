"""Options that several commands have, so that they are called and explained alike."""

from pathlib import Path
from typing import Annotated

import typer

DatasetName = Annotated[str | None, typer.Option(help="Version, as v1, or a folder; the newest version if not given.")]
ProtocolName = Annotated[str | None, typer.Option(help="Protocol of the split; that of the settings if not given.")]
SplitNumber = Annotated[int, typer.Option(help="Number of the split within the protocol, from 1.")]
TrainingSeed = Annotated[int | None, typer.Option(help="Seed of the training; that of the settings if not given.")]
FinishedRun = Annotated[Path, typer.Argument(help="Folder of a finished run, as `bench train` prints it.")]
Processes = Annotated[int | None, typer.Option(help="Processes; one a core if not given.")]
RayAddress = Annotated[str | None, typer.Option(help="Address of a Ray cluster; one on this machine if not given.")]
RetryFailures = Annotated[bool, typer.Option("--retry", help="Try again what failed before.")]
