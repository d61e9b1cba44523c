"""Propose the clips of one source from the observations of its media."""

from dataclasses import dataclass
from pathlib import Path

from curate.analysis import observations
from curate.clips.propose import propose, with_summary
from slateboard.errors import SlateboardError
from slateboard.media.rates import in_order
from slateboard.records.clip import Clip
from slateboard.records.media import Media, Shot
from slateboard.records.source import Source
from slateboard.settings import ClipSettings


@dataclass(frozen=True)
class SourceProposer:
    """A function of a source and its media; it is sent to worker processes."""

    folder: Path
    """Holds the observations."""
    settings: ClipSettings

    def __call__(self, item: tuple[Source, Media]) -> list[Clip]:
        """Return the clips of a source; raises BrokenObservation, and SlateboardError where it was not analysed."""
        source, media = item
        folder, media_id = self.folder, media.media_id

        def is_there(name: str) -> bool:
            return observations.path_of(folder, media_id, name).is_file()

        shot_rows = observations.read(folder, media_id, "shots") if is_there("shots") else []
        timeline = observations.read(folder, media_id, "timeline") if is_there("timeline") else []
        camera = observations.read(folder, media_id, "camera") if is_there("camera") else []
        quality = observations.read(folder, media_id, "quality") if is_there("quality") else []
        for name in ("timeline",) if self.settings.rule == "whole" else ("timeline", "shots"):
            if not is_there(name):
                path = observations.path_of(folder, media_id, name)
                raise SlateboardError(f"{path} is not there. Run `slateboard curate analyse`.")
        shots = [Shot.model_validate(row) for row in shot_rows]
        times = in_order([row["seconds"] for row in timeline])
        clips = propose(source, media, shots, times, self.settings)
        return [with_summary(clip, media, camera=camera, quality=quality) for clip in clips]
