"""Addresses are compared by one form for all spellings of a video, and kept as they were written."""

import re

import pytest

from slateboard.canonical import canonical, site_video

ID = "dQw4w9WgXcQ"
# linuxsino/iMiGUE#2, ytdl-org/youtube-dl#17207 and #27103, stackernews/stacker.news#95, dertuxmalwieder/yaydl#15.
YOUTUBE = [
    f"https://www.youtube.com/watch?v={ID}", f"https://youtu.be/{ID}", f"https://youtu.be/{ID}?si=x&t=15",
    f"https://www.youtube.com/watch?v={ID}&list=PL1&index=3&t=15s&feature=share",
    f"https://www.youtube.com/watch?list=PL1&v={ID}", f"https://www.youtube.com/watch?list=PL1&amp;v={ID}",
    f"https://www.youtube.com/shorts/{ID}?feature=share", f"https://www.youtube.com/embed/{ID}?start=15",
    f"https://www.youtube.com/live/{ID}?si=x", f"https://m.youtube.com/watch?v={ID}",
    f"https://music.youtube.com/watch?v={ID}&si=x", f"https://www.youtube-nocookie.com/embed/{ID}",
    f"http://youtube.com/v/{ID}&hl=en", f"HTTPS://WWW.YOUTUBE.COM:443/watch?v={ID}#t=15",
    f"https://www.youtube.com./watch?v={ID}", f"https://www.youtube.com/watch/?v={ID}", f"https://youtube.com/?v={ID}",
]  # fmt: skip
TIKTOK = [
    "https://www.tiktok.com/@some.one/video/7012345678901234567",
    "https://www.tiktok.com/@/video/7012345678901234567?is_from_webapp=1&sender_device=pc",
    "https://m.tiktok.com/v/7012345678901234567.html?_r=1",
    "https://www.tiktok.com/embed/v2/7012345678901234567",
]
INSTAGRAM = [
    "https://www.instagram.com/reel/CabcdefghiJ/?igsh=MzRlODBiNWFlZA==", "https://instagram.com/p/CabcdefghiJ",
    "https://www.instagram.com/reels/CabcdefghiJ/", "https://www.instagram.com/some.one/reel/CabcdefghiJ/",
    "https://www.instagram.com/p/CabcdefghiJ/embed/captioned/?utm_source=ig_embed",
]  # fmt: skip
VIMEO = ["https://vimeo.com/76979871", "https://player.vimeo.com/video/76979871?autoplay=1",
         "https://vimeo.com/channels/staffpicks/76979871", "http://www.vimeo.com/76979871#t=3"]  # fmt: skip
FACEBOOK = [
    "https://www.facebook.com/watch/?v=123456", "https://m.facebook.com/reel/123456?mibextid=x",
    "https://web.facebook.com/some.one/videos/a-title/123456/", "https://facebook.com/video.php?v=123456",
    "https://www.facebook.com/some.one/videos/123456",
]  # fmt: skip
# JSONbored/loopover#2826. RFC 3986, 6.2.2: case, percent-encoding, dot segments, default port; IDNA.
PLAIN = [
    "http://bücher.example/~some/b.mp4?v=3", "HTTP://BÜCHER.Example:80/%7Esome/b.mp4?v=3",
    "http://xn--bcher-kva.example./%7esome/./a/../b.mp4?v=3", "http://bücher.example/~some/b.mp4?v=3#t=4",
    "http://bücher.example/~some/b.mp4?utm_source=x&v=3&fbclid=y&gclid=z",
    "http://me:word@bücher.example/~some/b.mp4?v=3&feature=share&token=secret",
]  # fmt: skip
ACCENTS = ["http://a.example/%c3%a9%20x.mp4", "http://a.example/%C3%A9 x.mp4", "http://a.example/é%20x.mp4"]
PATHS = ["in/a.mp4", "./in/a.mp4", "in//./a.mp4"]


@pytest.mark.parametrize("spellings", [YOUTUBE, TIKTOK, INSTAGRAM, VIMEO, FACEBOOK, PLAIN, ACCENTS, PATHS])
def test_all_spellings_of_one_video_are_one(spellings: list[str]) -> None:
    assert len({canonical(address) for address in spellings}) == 1


@pytest.mark.parametrize(
    "pair",
    [
        ("http://a.example/v?id=1", "http://a.example/v?id=2"), ("http://a.example/a.mp4", "http://a.example/A.mp4"),
        ("http://a.example/a?file=1", "http://a.example/a?file=2"), ("http://a.example/a?t=1", "http://a.example/a"),
        ("http://a.example/a?feature=12", "http://a.example/a"), ("http://a.example/a", "https://a.example/a"),
        ("http://a.example/a%2Fb.mp4", "http://a.example/a/b.mp4"), ("http://a.example:81/", "http://a.example/"),
        ("http://a.example/#/video/1", "http://a.example/#/video/2"),
        ("http://a.example/a#video=1", "http://a.example/a#video=2"),
        (f"https://youtu.be/{ID}", f"https://youtu.be/{ID.lower()}"),
        ("https://www.youtube.com/embed/videoseries?list=PL1", "https://www.youtube.com/embed/videoseries?list=PL2"),
        ("https://www.youtube.com/embed/live_stream?channel=A", "https://www.youtube.com/embed/live_stream?channel=B"),
        ("https://vm.tiktok.com/ZMabc/", "https://vm.tiktok.com/ZMabC/"),
        ("https://vimeo.com/1/abcdef1234", "https://vimeo.com/1/abcdef1235"),
        ("https://www.instagram.com/p/CabcdefghiJ/?img_index=1", "https://www.instagram.com/p/CabcdefghiJ/?img_index=2"),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&v=aaaaaaaaaaa", "https://youtu.be/dQw4w9WgXcQ"),
        ("a/../b.mp4", "b.mp4"), ("/in/a.mp4", "in/a.mp4"), ("in/A.mp4", "in/a.mp4"),
    ],
)  # fmt: skip
def test_what_may_be_another_video_stays_another(pair: tuple[str, str]) -> None:
    """JonasBorgesLM/cairn#13, niksite/url-normalize#26: whatever else is taken away breaks some server's addresses."""
    assert canonical(pair[0]) != canonical(pair[1])


@pytest.mark.parametrize(
    "address",
    ["http://", "http://[::1", "http://a.example:port/", "http://%zz/%", "HTTP://\udc80/\udc80", "https://..//../..",
     "http://" + "ü" * 300 + ".example/"],
)  # fmt: skip
def test_an_address_that_is_none_is_compared_too_and_comparing_changes_nothing_twice(address: str) -> None:
    assert canonical(canonical(address)) == canonical(address)


def test_a_video_of_a_known_site_is_known_by_its_id() -> None:
    assert site_video(f"http://YOUTU.BE/{ID}") == ("youtube", ID)
    assert site_video(f"https://www.youtube.com/shorts/{ID}") == ("youtube", ID)
    assert site_video(f"youtu.be/{ID}") is site_video("http://a.example/watch?v=1") is None


@pytest.mark.parametrize(
    "address",
    ["http://a.example/b/c.mp4", "https://www.youtube.com/watch?v=dQw4w9WgXcQ", "http://youtu.be/dQw4w9WgXcQ",
     "https://www.youtube.com/shorts/dQw4w9WgXcQ", "http://a.example/b/..", "http://a.example/b//c", "http://a.example",
     "http://a.example/hdnts=exp/1", "http://a.example./b", "http://A.example/b", "https://vimeo.com/76979871"],
)  # fmt: skip
def test_the_short_way_for_plain_addresses_gives_what_the_long_one_does(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = canonical.__wrapped__(address)
    monkeypatch.setattr("slateboard.canonical._PLAIN", re.compile("(?P<host>)(?!)"))
    assert canonical.__wrapped__(address) == short
