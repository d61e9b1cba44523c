"""The list of sources that a workspace keeps: where it lies, its digest, and its sources."""

from slateboard.files import digest, sha256_of
from slateboard.records.source import Source
from slateboard.registry import Registry
from slateboard.workspace import Workspace

IMPORTERS = Registry("curate.importers", ("CARD", "sources"))


def list_key(workspace: Workspace) -> str:
    """Return the digest of the list and of the spellings that the settings allow: what its sources depend on."""
    path = workspace.sources
    return digest([sha256_of(path) if path.is_file() else "", workspace.settings.labels])


def read_list(workspace: Workspace) -> list[Source]:
    """Return the sources in the order of the list; raises BadInput with every problem at once."""
    return IMPORTERS.load("csv").sources(workspace.sources, labels=workspace.settings.labels)
