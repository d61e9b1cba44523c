"""Public forms of addresses, groups and texts in a release: without logins, signatures and folders of this machine."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from slateboard.addresses import is_web, public_address, scrub
from slateboard.files import digest
from slateboard.records.source import Source

LOGIN, FOLDER = "login or signature", "folder"
"""What was removed from an address; values of the column `withheld` of sources.csv."""


class PublicForms:
    """Public forms of all addresses, groups and texts of one release; different ones stay different."""

    def __init__(self, sources: Sequence[Source], groups: Iterable[str], *, root: Path) -> None:
        self._root = root
        urls = {source.url for source in sources}
        self._addresses = {url: public_address(url, root=root) for url in urls}
        local = [url for url in urls if not is_web(url)]
        self._addresses |= _disambiguate({url: self._addresses[url] for url in local})
        # A group that an importer named after its video gets the same public form as that video's address.
        names = {*groups, *(source.group for source in sources if source.group)}
        self._groups = _disambiguate({name: self._addresses.get(name) or scrub(name, root=root) for name in names})
        self._original_groups = {shown: name for name, shown in self._groups.items()}

    def address(self, url: str) -> str:
        """Return the public form of a source's address; local paths that would coincide get a hash in front."""
        return self._addresses[url]

    def group(self, name: str) -> str:
        """Return the public form of a group's name, which importers make of the video's address."""
        return self._groups[name]

    def original_group(self, shown: str) -> str:
        """Return the group's name in the catalog, given its public form; the form itself if no group has it now."""
        return self._original_groups.get(shown, shown)

    def text(self, text: str | None, *, url: str) -> str | None:
        """Return a text about a source, without the private parts of its address."""
        return scrub(text, root=self._root, addresses=[url]) if text else text

    def withheld(self, url: str) -> str:
        """Return what was removed from an address; empty: nothing."""
        # https://me:word@host/a.mp4?sig=1 -> https://host/a.mp4 (login or signature); /home/me/a.mp4 -> a.mp4 (folder).
        if self._addresses[url] == url:
            return ""
        return LOGIN if is_web(url) else FOLDER

    @property
    def shortened(self) -> int:
        """Number of addresses from which something was removed."""
        return sum(bool(self.withheld(url)) for url in self._addresses)


def _disambiguate(shown: dict[str, str]) -> dict[str, str]:
    """Return text -> its public form, with a hash of the text in front where several texts have the same form."""
    # /home/a/clip.mp4 and /home/b/clip.mp4 both become clip.mp4: 1f2e3d4c/clip.mp4 and 9a8b7c6d/clip.mp4. Without the
    # hash they would be one source and one group.
    counts: dict[str, int] = {}
    for form in shown.values():
        counts[form] = counts.get(form, 0) + 1
    return {
        text: f"{digest(text, length=8)}/{form}" if counts[form] > 1 and form != text else form
        for text, form in shown.items()
    }
