"""A video file that cannot be used, and the state that its source ends in."""

from slateboard.errors import SlateboardError
from slateboard.records.source import State


class Unreadable(SlateboardError):
    """A file that does not open or does not decode."""

    def __init__(self, message: str, state: State) -> None:
        super().__init__(message)
        self.state = state
        """not_video, corrupt, truncated, unsupported, or over a limit: too_large, too_long."""
