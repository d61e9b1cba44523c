"""Remove a source everywhere, at somebody's request: original, clips, observations, frames, pages, versions.

Every source of the same file goes with it; the versions that held it stop being releases, the next one is written
from what is left, and a tombstone stays, so that it is never fetched again (releases show it without its address).

Example: slateboard curate takedown 17 --reason "asked for by the uploader"
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

import typer

from curate.release.takedown import TakedownResult, plan_takedown, sources_named, take_down, unfinished_takedowns
from slateboard.addresses import public_address
from slateboard.catalog.catalog import open_catalog
from slateboard.json_output import JsonOutput
from slateboard.progress import say
from slateboard.records.release import Takedown
from slateboard.records.source import Source, State
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    source: Annotated[str, typer.Argument(help="Its id, its line in the list, or its address.")],
    reason: Annotated[str, typer.Option(help="Why; it is published in takedowns.csv.")] = "on request",
) -> JsonOutput:
    """Take down a source, and first what an interrupted takedown left."""
    with open_catalog(workspace.catalog) as catalog:
        all_sources = catalog.sources()
        matches = sources_named(all_sources, source)
        plans = unfinished_takedowns(workspace)
        # Interrupted takedowns are finished first, by their own plans, which were written before their first deletion.
        started = {source_id for plan in plans for source_id in plan.sources}
        new_sources = [s for s in matches if s.source_id not in started and s.state != State.TAKEN_DOWN]
        if new_sources:
            plans.append(plan_takedown(workspace, catalog, new_sources, reason=reason))
        if not plans:
            say(f"{source} is taken down already; nothing to do.")
        outcome = []
        for plan in plans:
            result = take_down(workspace, catalog, plan)
            outcome.append({**plan.model_dump(mode="json", exclude={"done"}), **asdict(result)})
            _tell(plan, result, {listed_source.source_id: listed_source for listed_source in all_sources})
    return {"takedowns": outcome}


def _tell(plan: Takedown, result: TakedownResult, sources: Mapping[str, Source]) -> None:
    removed = f"{len(plan.sources)} sources, {len(plan.media)} originals, {len(plan.clips)} clips"
    say(f"taken down: {removed}; {', '.join(plan.versions) or 'no version'} held any of them")
    if result.version:
        say(f"{result.version} holds what is left")
    if result.problem:
        say(f"no version was written from what is left: {result.problem}")
    for source_id in plan.alike:
        listed_source = sources[source_id]
        say(f"look at line {listed_source.line}, {public_address(listed_source.url)}: it shows the same footage")
    for source_id in plan.sources:
        listed_source = sources[source_id]
        if not listed_source.is_web:
            say(f"{listed_source.url} is your own file: it stays until you delete it")
    say("Models that were trained on these clips, and copies that others made, are beyond this command.")
