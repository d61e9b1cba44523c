"""Which of a video's formats is downloaded, as a format selector of yt-dlp."""

from slateboard.settings import FetchSettings

# TikTok, Facebook and Yappy say "watermarked" of the bad copy; others say "no watermark" of the good one.
_FREE = "[format_note~='(?i)(no|without|free of|un).?watermark|watermark.?free']"
_UNSAID = "[format_note!~=?'(?i)watermark']"


def format_expression(settings: FetchSettings) -> str:
    """Return the format selector: the settings' own, or one that never merges streams.

    Formats said to be free of a watermark come first, then those of which nothing is said, then any; among these the
    best up to `height` or of unknown height, else the worst above it.
    """
    # For height 720: bv*[height<=?720][free]/wv*[free]/bv*[height<=?720][unsaid]/wv*[unsaid]/bv*[height<=?720]/wv*
    # `bv*` is the best format with video, `wv*` the worst, `<=?` lets formats of unknown height pass.
    if settings.format:
        return settings.format
    return "/".join(f"bv*[height<=?{settings.height}]{watermark}/wv*{watermark}" for watermark in (_FREE, _UNSAID, ""))
