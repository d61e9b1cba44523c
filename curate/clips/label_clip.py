"""Label one clip from the observations of its media."""

from dataclasses import dataclass
from pathlib import Path

from curate.analysis import observations
from curate.analysis.effects_pass import EFFECTS
from curate.clips.label import effects_of
from slateboard.records.clip import Clip, Effect
from slateboard.records.media import Shot
from slateboard.records.source import Source


@dataclass(frozen=True)
class ClipLabeller:
    """A function of a clip and its source; it is sent to worker processes."""

    folder: Path
    """Holds the observations."""
    accept_machine: bool

    def __call__(self, item: tuple[Clip, Source]) -> list[Effect]:
        """Return the effects of a clip; raises BrokenObservation."""
        (clip, source), folder = item, self.folder
        shots = [Shot.model_validate(row) for row in observations.read(folder, clip.media_id, "shots")]
        inside = [shot for shot in shots if shot.first_frame <= clip.last_frame and shot.last_frame >= clip.first_frame]
        verdicts = {kind: observations.read_verdicts(folder, clip.media_id, kind) for kind in EFFECTS.names()}
        return effects_of(clip, source, inside, verdicts, accept_machine=self.accept_machine)
