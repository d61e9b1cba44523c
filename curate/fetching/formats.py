"""Which of a video's formats is downloaded, as a format expression of yt-dlp."""

from slateboard.settings import Fetch

# TikTok, Facebook and Yappy say "watermarked" of the bad copy; others say "no watermark" of the good one.
_FREE = "[format_note~='(?i)(no|without|free of|un).?watermark|watermark.?free']"
_UNSAID = "[format_note!~=?'(?i)watermark']"


def format_expression(settings: Fetch) -> str:
    """Return the expression: the person's own, or video (alone or with sound, so that nothing is merged).

    First come formats that are said to be free of a watermark, then those of which nothing is said, then any; among
    these the best up to `height` or of unknown height, else the smallest above.
    """
    if settings.format:
        return settings.format
    return "/".join(f"bv*[height<=?{settings.height}]{watermark}/wv*{watermark}" for watermark in (_FREE, _UNSAID, ""))
