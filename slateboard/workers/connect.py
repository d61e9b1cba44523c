"""Join a Ray cluster, and check that each node sees the folders that the work reads and writes."""

import logging
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from slateboard.errors import MissingRequirement
from slateboard.files import PART

_REACH_SECONDS = 10.0
_PROBE_SECONDS = 120.0
"""Time for a node to start its first process and look for the probe files."""


def join_cluster(address: str | None, *, processors: int) -> Any:
    """Return the ray module, joined to the cluster at an address, or to a new one of this machine.

    Raises MissingRequirement where Ray is not installed or no cluster answers.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise MissingRequirement("--engine ray needs Ray: run `pip install 'slateboard[ray]'`.") from error
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        # Without "local" Ray joins what RAY_ADDRESS names, or a cluster that somebody has left running.
        ray.init("local", num_cpus=processors, include_dashboard=False, object_store_memory=100_000_000, **quiet)
        return ray
    try:
        _reach(address)
        ray.init(address=address, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        # OSError: ConnectionError is one. RuntimeError: another version of Ray or Python there.
        first_line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise MissingRequirement(
            f"No Ray cluster can be joined at {address} ({first_line}): start one with `ray start --head`, or correct "
            "--address."
        ) from error
    return ray


def _reach(address: str) -> None:
    """Raise OSError where nothing listens: Ray itself asks for minutes."""
    # ray://head:10001, head:6379 and [::1]:6379.
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_SECONDS).close()


@dataclass(frozen=True)
class Probe:
    """Files in the folders that every node must see under the same path."""

    paths: tuple[str, ...]

    @classmethod
    def laid(cls, folders: Sequence[Path]) -> Self:
        """Write a file into each folder; its name is new, so that no network file system can have cached its absence.

        A folder that cannot be written, as of a dataset, is looked for itself.
        """
        paths = []
        for folder in folders:
            path = folder.absolute() / f".probe-{secrets.token_hex(8)}{PART}"
            try:
                path.touch()
            except OSError:
                path = folder.absolute()
            paths.append(str(path))
        return cls(tuple(paths))

    def remove(self) -> None:
        """Delete the probe files."""
        for path in self.paths:
            if path.endswith(PART):
                Path(path).unlink(missing_ok=True)

    def unseen(self) -> tuple[str, ...]:
        """Return the paths that do not exist on this machine."""
        return tuple(path for path in self.paths if not Path(path).exists())

    def here(self) -> str:
        """Return the name of this machine."""
        return socket.gethostname()

    def check(self, ray: Any) -> None:
        """Raise MissingRequirement where a node of the cluster does not see it; before any work is given out."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        nodes = {node["NodeID"]: node["NodeManagerHostname"] for node in ray.nodes() if node["Alive"]}
        look = ray.remote(num_cpus=0, max_retries=0)(_unseen_by)
        asked = {
            look.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote(self): name
            for node, name in nodes.items()
        }
        ended, _ = ray.wait(list(asked), num_returns=len(asked), timeout=_PROBE_SECONDS)
        for task in ended:
            try:
                unseen = ray.get(task)
                if unseen:
                    raise MissingRequirement(self.explain(asked[task], unseen))
            except ray.exceptions.RayTaskError as error:
                raise MissingRequirement(
                    f"{asked[task]} cannot run slateboard ({error.cause}): install this version of it there."
                ) from error
            except ray.exceptions.RayError:
                continue  # A node that is lost meanwhile does no harm.

    @staticmethod
    def explain(node: str, unseen: Sequence[str]) -> str:
        """Return the sentence on a node that does not see one."""
        path = Path(unseen[0])
        folder = path.parent if path.name.endswith(PART) else path
        return (
            f"{node} of the Ray cluster does not see {folder}: put what the work reads and writes where every "
            "node has it under the same path."
        )


def _unseen_by(probe: Probe) -> tuple[str, ...]:
    return probe.unseen()
