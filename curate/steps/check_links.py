"""Check whether what was fetched, or was gone, still exists: link rot by class. Downloads nothing, changes no state.

Writes link_rot.csv. Hosts are asked as slowly as by fetch; a stopped check continues where it was.

Example: slateboard curate check-links
"""

from curate.fetching.links import COLUMNS, Journal, LinkCounts, check_links, rot_by_class
from curate.fetching.pacing import AbandonedHost
from slateboard.addresses import scrub
from slateboard.catalog.catalog import open_catalog
from slateboard.escaping import column, terminal_width
from slateboard.files import csv_text, write_text
from slateboard.json_output import JsonOutput
from slateboard.progress import progress, say, show
from slateboard.records.source import State
from slateboard.workspace import Workspace


def command(workspace: Workspace) -> JsonOutput:
    """Ask for every address again and report what is lost."""
    abandoned: list[AbandonedHost] = []
    with open_catalog(workspace.catalog) as catalog:
        sources = catalog.sources(State.FETCHED, State.MISSING, State.GONE, State.DUPLICATE)
        web = [source for source in sources if source.is_web]
        journal = Journal(workspace.root / ".link_rot.jsonl")
        ids = {source.source_id for source in web}
        # 10,000 addresses of one host, 10 to 20 s apart, take two days: rows of a killed check are taken from its
        # journal.
        rows = [row for row in journal.rows() if row["source_id"] in ids]
        checked_ids = {row["source_id"] for row in rows}
        unchecked = [source for source in web if source.source_id not in checked_ids]
        with progress("check-links", len(unchecked), unit="sources") as bar:
            link_rows = check_links(
                unchecked,
                root=workspace.root,
                settings=workspace.settings.fetch,
                limits=workspace.settings.limits,
                on_abandoned=abandoned.append,
            )
            for row in link_rows:
                rows.append(row)
                if row["verdict"] != "not_asked":
                    journal.append(row)
                bar.step()
        rows.sort(key=lambda row: row["line"])
        write_text(workspace.root / "link_rot.csv", csv_text(rows, COLUMNS))
        journal.delete()
    for host in abandoned:
        say(f"{host.host} was left alone, {host.unasked} addresses not asked for. It said: {scrub(host.reason)}")
    classes = rot_by_class(rows)
    for line in _lines(classes):
        show(line)
    show(f"{len(sources) - len(web)} local files were not looked at. Every row: link_rot.csv")
    return {"classes": classes, "local": len(sources) - len(web), "table": "link_rot.csv"}


def _lines(classes: dict[str, LinkCounts]) -> list[str]:
    width = max(map(terminal_width, classes))
    lines = [f"{'class':<{width}}  checked  alive   gone  other  not asked  gone of checked"]
    for label, row in classes.items():
        share = "-" if row["gone_share"] is None else f"{100 * row['gone_share']:.1f} %"
        numbers = f"{row['checked']:>7} {row['alive']:>6} {row['gone']:>6} {row['other']:>6} {row['not_asked']:>10}"
        lines.append(f"{column(label, width)}  {numbers}  {share:>15}")
    return lines
