"""What a release may show of addresses: without logins, signatures and folders of this machine; how many that cost."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from slateboard.addresses import is_web, public, scrub
from slateboard.files import digest
from slateboard.records.source import Source

LOGIN, FOLDER = "login or signature", "folder"
"""What an address of a release is without, in the column `withheld` of its sources.csv."""


class Published:
    """The public forms of all addresses, groups and texts of one release: the same for the same, others for others."""

    def __init__(self, sources: Sequence[Source], groups: Iterable[str], *, root: Path) -> None:
        self._root = root
        urls = {source.url for source in sources}
        self._addresses = {url: public(url, root=root) for url in urls}
        local = [url for url in urls if not is_web(url)]
        self._addresses |= _apart({url: self._addresses[url] for url in local})
        names = {*groups, *(source.group for source in sources if source.group)}
        self._groups = _apart({name: self._addresses.get(name) or scrub(name, root=root) for name in names})
        self._original_groups = {shown: name for name, shown in self._groups.items()}

    def address(self, url: str) -> str:
        """Return the public form of a source's address; two paths that would look alike bear a mark each."""
        return self._addresses[url]

    def group(self, name: str) -> str:
        """Return the public form of a group's name, which importers make of the video's address."""
        return self._groups[name]

    def original_group(self, shown: str) -> str:
        """Return the name of the group that has this public form; a form that no group has now is its own."""
        return self._original_groups.get(shown, shown)

    def text(self, text: str | None, *, url: str) -> str | None:
        """Return what is said of a source, without what its address may not show."""
        return scrub(text, root=self._root, addresses=[url]) if text else text

    def withheld(self, url: str) -> str:
        """Return what the public form of an address is without; empty: nothing."""
        if self._addresses[url] == url:
            return ""
        return LOGIN if is_web(url) else FOLDER

    @property
    def shortened(self) -> int:
        """Number of addresses that are not as the list of sources has them."""
        return sum(bool(self.withheld(url)) for url in self._addresses)


def _apart(shown: dict[str, str]) -> dict[str, str]:
    """Return the same forms, with a mark before those that several have: clips of one address are one group."""
    counts: dict[str, int] = {}
    for form in shown.values():
        counts[form] = counts.get(form, 0) + 1
    return {
        text: f"{digest(text, length=8)}/{form}" if counts[form] > 1 and form != text else form
        for text, form in shown.items()
    }
