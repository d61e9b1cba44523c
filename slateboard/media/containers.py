"""The containers that may be opened as video, through the file protocol alone.

A playlist, a concat script, an SDP or a text names other files and hosts, which FFmpeg would open in its stead. Every
place that opens media (PyAV, the ffmpeg program, OpenCV) takes the address and the options from here, so that FFmpeg
refuses them before it has read more than the file's first bytes.
"""

from pathlib import Path

# Demuxers as FFmpeg names them, one of each one's names. None of them opens a second file with the options below.
_CONTAINERS = (
    "mov", "matroska", "webm", "avi", "flv", "kux", "ogg", "asf", "asf_o", "rm", "nut", "nsv",
    "mpeg", "mpegts", "pva", "mxf", "gxf", "wtv", "dv", "gif", "apng", "webp_anim", "ivf", "yuv4mpegpipe",
)  # fmt: skip
_RAW_STREAMS = ("h261", "h263", "h264", "hevc", "vvc", "m4v", "mpegvideo", "vc1", "mjpeg", "av1", "obu")
ALLOWED = (*_CONTAINERS, *_RAW_STREAMS)

_SELF_CONTAINED = {"protocol_whitelist": "file", "format_whitelist": ",".join(ALLOWED)}

_PICTURES = (
    b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"RIFF....WEBP", b"\0\0\1\0", b"8BPS", b"\x76\x2f\x31\x01",
)  # fmt: skip
_SOUNDS = (b"ID3", b"RIFF....WAVE", b"fLaC", b"#!AMR", b"FORM....AIF", b"\xff\xfb", b"\xff\xf1", b"MThd", b".snd")


def address(path: Path) -> str:
    """Return the URL under which FFmpeg opens this file, even if its name looks like a protocol (`concat:a.mp4`)."""
    return f"file:{path}"


def options() -> dict[str, str]:
    """Return the options with which libavformat opens a file. Tracks of a mov that lie in other files stay closed."""
    return {**_SELF_CONTAINED, "enable_drefs": "0", "use_absolute_path": "0"}


def program_options() -> dict[str, str]:
    """Return the options of the ffmpeg program for an input, without their dashes."""
    return dict(_SELF_CONTAINED)


def program_input(path: Path) -> list[str]:
    """Return the words with which the ffmpeg program takes a file as its next input."""
    words = [word for name, value in _SELF_CONTAINED.items() for word in (f"-{name}", value)]
    return [*words, "-i", address(path)]


def opencv_options() -> str:
    """Return the same as the text that OpenCV takes from OPENCV_FFMPEG_CAPTURE_OPTIONS."""
    return "|".join(f"{name};{value}" for name, value in _SELF_CONTAINED.items())


def kind_of(path: Path) -> str | None:
    """Return what a file that is no video seems to be, by its first bytes; None where they do not tell."""
    with path.open("rb") as file:
        head = file.read(1024)
    if any(_begins(head, magic) for magic in _PICTURES):
        return "a picture"
    if any(_begins(head, magic) for magic in _SOUNDS):
        return "sound"
    if head.startswith((b"#EXTM3U", b"ffconcat")):
        return "a playlist, which names other files"
    is_text = not any(byte < 32 and byte not in b"\t\n\r\f" for byte in head)
    return "a page, a playlist or a text" if is_text else None


def _begins(head: bytes, magic: bytes) -> bool:
    """Return whether a head begins with a magic number, in which a dot stands for any byte."""
    return len(head) >= len(magic) and all(want in (ord("."), byte) for want, byte in zip(magic, head, strict=False))
