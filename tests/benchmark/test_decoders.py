"""Other decoders give frames in the same form: the same sizes and numbers, and nearly the same pictures."""

from pathlib import Path

import numpy as np
import pytest

from slateboard.errors import SlateboardError
from slateboard.media.decoders import DECODERS, FFMPEG, OPENCV, PYAV, decoder_function, decoder_version
from slateboard.media.errors import Unreadable


@pytest.mark.parametrize("name", ["ucf101/PushUps/*.avi", "odd/rotated_90.mov", "odd/sar_2by3.mp4", "odd/pal_sar*"])
def test_decoders_agree_on_sizes_and_numbers_and_nearly_on_luma(realdata: Path, name: str) -> None:
    path = sorted(realdata.glob(name))[0]
    found = {decoder: list(decoder_function(decoder)(path, short_side=64)) for decoder in DECODERS}
    for decoder, most in ((OPENCV, 6), (FFMPEG, 0.2)):
        assert len(found[decoder]) == len(found[PYAV])
        for one, other in zip(found[decoder], found[PYAV], strict=True):
            assert (one.index, one.y.shape, one.u.shape) == (other.index, other.y.shape, other.u.shape)
            assert np.abs(one.y.astype(int) - other.y).mean() < most


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_file_that_is_no_video_is_unreadable(tmp_path: Path, decoder: str) -> None:
    path = tmp_path / "page.mp4"
    path.write_bytes(b"<html>no video</html>")
    with pytest.raises(Unreadable, match=r"page\.mp4"):
        list(decoder_function(decoder)(path, short_side=64))


def test_a_codec_that_opencv_cannot_read_is_not_an_empty_video(realdata: Path) -> None:
    with pytest.raises(Unreadable, match="no frame that OpenCV decodes"):
        list(decoder_function(OPENCV)(realdata / "odd" / "av1.mkv", short_side=64))


def test_decoders_state_their_versions_and_others_are_refused() -> None:
    assert [decoder_version(name).split()[0] for name in DECODERS] == ["av", "opencv", "ffmpeg"]
    with pytest.raises(SlateboardError, match="Did you mean 'opencv'"):
        decoder_function("opencvv")
