"""Only containers of video are opened: nothing that names another file or host, whoever opens it."""

import struct
import subprocess
from pathlib import Path

import av
import pytest
from av.container import OutputContainer
from drawing import moving
from PIL import Image

from slateboard.errors import SlateboardError
from slateboard.media.containers import address, options
from slateboard.media.decoders import DECODERS, decoder_function
from slateboard.media.edit import edit
from slateboard.media.encode import write_video
from slateboard.media.errors import Unreadable
from slateboard.media.ffmpeg import program
from slateboard.media.probe import probe
from slateboard.records.source import State

PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsecret.mp4\n#EXT-X-ENDLIST\n"
SCRIPTS = {
    "a.m3u8": PLAYLIST,
    "a.ffconcat": "ffconcat version 1.0\nfile secret.mp4\n",
    "a.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    "a.mpd": '<?xml version="1.0"?><MPD><Period><AdaptationSet><Representation><BaseURL>secret.mp4</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>",
    "a.edl": "# mpv EDL v0\nsecret.mp4,0,9\n",
    "a.txt": "secret.mp4\n",
    "a.mp4": PLAYLIST,
    "a.ffmeta": ";FFMETADATA1\ntitle=x\n",
    "a.srt": "1\n00:00:01,000 --> 00:00:02,000\nwords\n",
}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.mp4"
    write_video(path, moving(10), frame_rate_hz=15)
    return path


def _refused(path: Path) -> Unreadable:
    with pytest.raises(Unreadable) as refusal:
        probe(path, media_id="m", relative=path.name)
    return refusal.value


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_text_that_names_a_file_is_no_video_and_says_so(secret: Path, name: str) -> None:
    script = secret.with_name(name)
    script.write_text(SCRIPTS[name])
    refusal = _refused(script)
    assert refusal.state == State.NOT_VIDEO
    assert "text" in str(refusal) or "playlist" in str(refusal)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("name", ["a.m3u8", "a.ffconcat"])
def test_no_decoder_opens_what_a_playlist_names(secret: Path, decoder: str, name: str) -> None:
    script = secret.with_name(name)
    script.write_text(SCRIPTS[name])
    with pytest.raises(Unreadable):
        next(decoder_function(decoder)(script, short_side=32))


def test_the_ffmpeg_program_opens_no_playlist(secret: Path) -> None:
    script = secret.with_name("a.ffconcat")
    script.write_text(SCRIPTS["a.ffconcat"])
    with pytest.raises(SlateboardError, match="Invalid argument"):
        edit(script, secret.with_name("out.mp4"), graph="[0:v]null[out]")


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_name_like_an_address_is_a_files_name(secret: Path, decoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(secret.parent)
    for name in ("concat:secret.mp4", "http:secret.mp4", "file:%03d.mp4"):
        path = Path(name)
        path.write_bytes(secret.read_bytes())
        assert probe(path, media_id="m", relative=name).width == 96
        assert len(list(decoder_function(decoder)(path, short_side=32))) == 10
        edit(path, Path("subfile:out.mp4"), graph="[0:v]null[out]")
    # What FFmpeg by itself makes of such a name is another thing.
    assert b"concat" in _error_of_plain_open("concat:gone.mp4")


def _error_of_plain_open(name: str) -> bytes:
    return subprocess.run([program(), "-v", "error", "-i", name], capture_output=True, check=False).stderr


def test_a_picture_and_a_sound_are_named_as_what_they_are(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    Image.new("RGB", (64, 64)).save(tmp_path / "b.mp4", format="JPEG")
    (tmp_path / "c.wav").write_bytes(b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0" + bytes(64))
    told = {path.name: _refused(path) for path in sorted(tmp_path.iterdir())}
    assert {name: one.state for name, one in told.items()} == dict.fromkeys(told, State.NOT_VIDEO)
    assert [str(one) for one in told.values()] == [
        "a.png is a picture, no video.", "b.mp4 is a picture, no video.", "c.wav is sound, no video.",
    ]  # fmt: skip


def test_a_container_that_is_not_on_the_list_is_unsupported_and_the_list_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.smjpeg"
    with av.open(str(path), "w", format="smjpeg") as container:
        assert isinstance(container, OutputContainer)
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
        for packet in (*stream.encode(av.VideoFrame(64, 64, "yuvj420p")), *stream.encode(None)):
            container.mux(packet)
    refusal = _refused(path)
    assert (refusal.state, "matroska" in str(refusal)) == (State.UNSUPPORTED, True)


def test_a_track_of_a_mov_that_lies_in_another_file_stays_closed(secret: Path) -> None:
    path = secret.with_name("outside.mov")
    path.write_bytes(_with_external_track(_index_last(secret), "secret-data.mp4"))
    # The other file holds the same bytes at the same places, so that FFmpeg could decode them.
    secret.with_name("secret-data.mp4").write_bytes(_index_last(secret))
    with av.open(address(path), container_options={**options(), "enable_drefs": "1"}) as opened:
        assert len(list(opened.decode(video=0))) == 10
    refusal = _refused(path)
    assert (refusal.state, "other files" in str(refusal)) == (State.NOT_VIDEO, True)


def _index_last(path: Path) -> bytes:
    """Return the file with its index behind the pictures, so that the index may grow."""
    target = path.with_name("index-last.mp4")
    with av.open(str(path)) as source, av.open(str(target), "w", format="mp4") as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    return target.read_bytes()


def _with_external_track(mov: bytes, name: str) -> bytes:
    """Return the file with an alias of QuickTime in its index: the pictures lie in the file of this name beside it."""
    alias = struct.pack(">4s H H", bytes(4), 0, 2) + bytes(2)
    alias += bytes([1]) + b"x".ljust(27, b"\0") + bytes(12)
    alias += bytes([len(name)]) + name.encode().ljust(63, b"\0")
    alias += bytes(16) + struct.pack(">hh", 1, 1) + bytes(16)
    alias += struct.pack(">hh", 2, len(name)) + name.encode() + bytes(len(name) % 2) + struct.pack(">hh", -1, 0)
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    at = mov.index(b"dref") - 4
    (size,) = struct.unpack(">I", mov[at : at + 4])
    dref = struct.pack(">I4sII", 16 + len(entry), b"dref", 0, 1) + entry
    grown = len(dref) - size
    changed = bytearray(mov[:at] + dref + mov[at + size :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        place = changed.index(box) - 4
        (size,) = struct.unpack(">I", changed[place : place + 4])
        changed[place : place + 4] = struct.pack(">I", size + grown)
    return bytes(changed)
