"""MLflow: a run of the experiment slateboard, where MLFLOW_TRACKING_URI says, else in mlflow.db of the run's folder."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slateboard.registry import Card, Parameters, import_module

CARD = Card(title="MLflow", source="mlflow; MLFLOW_TRACKING_URI names its server", extras=("mlflow",))

_TAG = "mlflow.runName"
_EXPERIMENT = "slateboard"


def start(folder: Path, *, name: str, parameters: Parameters) -> "_Log":
    """Begin a run, or continue the one of this name."""
    tracking = import_module("mlflow.tracking")
    client = tracking.MlflowClient(os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{folder.resolve()}/mlflow.db")
    existing = client.get_experiment_by_name(_EXPERIMENT)
    experiment = existing.experiment_id if existing is not None else client.create_experiment(_EXPERIMENT)
    # Found by its name: a process that was killed and started again has nothing else of it.
    runs = client.search_runs([experiment], filter_string=f"tags.`{_TAG}` = '{name}'", max_results=1)
    if runs:
        client.update_run(runs[0].info.run_id, status="RUNNING")
        return _Log(client, runs[0].info.run_id)
    run = client.create_run(experiment, tags={_TAG: name}).info.run_id
    for key, value in parameters.items():
        client.log_param(run, key, value)
    return _Log(client, run)


class _Log:
    def __init__(self, client: Any, run: str) -> None:
        self._client, self._run = client, run

    def log(self, epoch: int, figures: Mapping[str, float]) -> None:
        for key, value in figures.items():
            self._client.log_metric(self._run, key, value, step=epoch)

    def close(self) -> None:
        self._client.set_terminated(self._run)
