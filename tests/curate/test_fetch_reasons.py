"""Words, statuses and headers become states: real texts of yt-dlp's extractors and of reports on its tracker."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import yt_dlp

from curate.fetching.failures import failure_of, is_wall, state_of_status, state_of_words, wall_after
from curate.fetching.pacing import http_date, retry_after_seconds
from curate.fetching.policy import POLICIES, Again, attempts_per_run
from slateboard.records.source import State

LOGIN = "Use --cookies-from-browser or --cookies for the authentication. See  https://github.com/yt-dlp/yt-dlp/wiki/FAQ"

REAL = {
    "[youtube] lwUI5-fWv4U: Private video. Sign in if you've been granted access to this video": State.PRIVATE,
    "[youtube] a: Join this channel to get access to members-only content like this video, and other exclusive perks.":
        State.PRIVATE,
    "[youtube] a: This video is available to this channel's members on level: Fan": State.PRIVATE,
    f"[youtube] a: Sign in to confirm your age. This video may be inappropriate for some users. {LOGIN}": State.PRIVATE,
    f"[youtube] a: Sign in to confirm you\u2019re not a bot. {LOGIN}": State.BLOCKED,
    "[youtube] a: Video unavailable. YouTube is requiring a captcha challenge before playback": State.BLOCKED,
    "[youtube] a: Video unavailable. The uploader has not made this video available in your country": State.BLOCKED,
    "[youtube] a: Video unavailable. This video contains content from SME, who has blocked it in your country on "
    "copyright grounds": State.BLOCKED,
    "[youtube] a: Video unavailable. This video has been removed by the uploader": State.GONE,
    "[youtube] a: Video unavailable. This video is no longer available because the YouTube account associated with "
    "this video has been terminated.": State.GONE,
    "[youtube] a: Video unavailable. This video is no longer available due to a copyright claim by X": State.GONE,
    "[youtube] a: This video has been removed for violating YouTube's Community Guidelines": State.GONE,
    "[youtube] a: Video unavailable": State.GONE,
    "[youtube] a: Video unavailable. This video is private": State.PRIVATE,
    "[youtube] a: Video unavailable. This content isn't available, try again later. The current session has been "
    "rate-limited by YouTube for up to an hour. It is recommended to use `-t sleep` to add a delay": State.RATE_LIMITED,
    "[youtube] a: Premieres in 3 hours": State.LIVE,
    "[youtube] a: This live event will begin in 2 days.": State.LIVE,
    "[youtube] a: This live stream recording is not available.": State.GONE,
    "[youtube] a: This video is DRM protected": State.UNSUPPORTED,
    "[youtube] a: Requested format is not available. Use --list-formats for a list of available formats":
        State.UNSUPPORTED,
    "[youtube] a: This video requires payment to watch": State.PRIVATE,
    "[TikTok] 7624508884811582728: Your IP address is blocked from accessing this post": State.BLOCKED,
    f"[TikTok] 1: You do not have permission to view this post. Log into an account that has access. {LOGIN}":
        State.PRIVATE,
    "[TikTok] 1: This post may not be comfortable for some audiences. Log in for access": State.PRIVATE,
    "[TikTok] 1: Video not available, status code 10231": State.GONE,
    f"[Instagram] C5685zYNs65: Requested content is not available, rate-limit reached or login required. {LOGIN}":
        State.RATE_LIMITED,
    "[Instagram] a: The webpage request was redirected to the login page. You have exceeded the rate-limit for "
    "accessing posts anonymously": State.RATE_LIMITED,
    "[Instagram] a: Instagram sent an empty media response. Check if this post is accessible in your browser without "
    f"being logged-in. If it is not, then u{LOGIN[1:]}. Otherwise, if the post is accessible in browser without being "
    "logged-in, please report this issue on  https://github.com/yt-dlp/yt-dlp/issues?q=": State.PRIVATE,
    "[Instagram] a: Restricted Video: You must be 18 years old or over to see this video": State.PRIVATE,
    "[Instagram] a: There is no video in this post": State.NOT_VIDEO,
    f"[facebook] 1: This video is only available for registered users. {LOGIN}": State.PRIVATE,
    "[twitter] 1: NSFW tweet requires authentication. Use --cookies": State.PRIVATE,
    "[twitter] 1: You are not authorized to view this protected tweet": State.PRIVATE,
    "[twitter] 1: No video could be found in this tweet": State.NOT_VIDEO,
    "[vimeo] 1: This video is protected by a password, use the --video-password option": State.PRIVATE,
    "[Reddit] a: Your IP address is unable to access the Reddit API": State.BLOCKED,
    "[BiliBili] a: Request is rejected by server (352)": State.BLOCKED,
    "[x] a: This video is not available from your location due to geo restriction": State.BLOCKED,
    "[x] a: This song is blocked in this region": State.BLOCKED,
    "[x] a: This video does not exist": State.GONE,
    "[x] a: Content not found; it has most likely expired": State.GONE,
    "[x] a: This livestream has not yet started": State.LIVE,
    "[x] a: The channel is not currently live": State.LIVE,
    "[x] a: You are rate-limited. Try again later.": State.RATE_LIMITED,
    "[x] a: Unable to download webpage: <urlopen error [Errno -3] Temporary failure in name resolution> (caused by "
    "TransportError('...'))": State.NETWORK,
    "[x] a: Unable to download webpage: The read operation timed out (caused by TransportError())": State.NETWORK,
    "[x] a: Unable to download webpage: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed": State.NETWORK,
    "Downloaded 695415 bytes, expected 927221 bytes. Giving up after 1 retries": State.TRUNCATED,
    "[download] Got error: 2273 bytes read, 2273 more expected": State.TRUNCATED,
    "fragment 3 not found, unable to continue": State.TRUNCATED,
    "[generic] private-video-deleted: Unable to download webpage: something nobody has seen yet": State.ERROR,
    "Unexpected error": State.ERROR,
}  # fmt: skip


@pytest.mark.parametrize(("text", "state"), REAL.items())
def test_real_texts_become_states(text: str, state: State) -> None:
    assert state_of_words(text) == state


def test_a_bot_check_is_a_wall_at_once_and_one_refused_video_is_none() -> None:
    assert wall_after(f"Sign in to confirm you\u2019re not a bot. {LOGIN}", State.BLOCKED) == 1
    # TikTok says the same of a video that is gone.
    assert wall_after("Your IP address is blocked from accessing this post", State.BLOCKED) == 3
    assert not is_wall("Video unavailable. The uploader has not made this video available in your country")
    assert wall_after("HTTP Error 403: Forbidden", State.BLOCKED) is None


def test_statuses_become_states() -> None:
    assert [state_of_status(status) for status in (401, 403, 404, 410, 418, 429, 451, 502)] == [
        State.PRIVATE, State.BLOCKED, State.GONE, State.GONE, State.ERROR, State.RATE_LIMITED, State.BLOCKED,
        State.NETWORK,
    ]  # fmt: skip


def test_retry_after_is_seconds_or_a_date() -> None:
    now = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
    assert retry_after_seconds(" 120 ", now=now) == 120
    assert retry_after_seconds("Sat, 21 Nov 2026 12:01:30 GMT", now=now) == 90
    assert retry_after_seconds("Sat, 21 Nov 2026 11:00:00 GMT", now=now) == 0
    assert [retry_after_seconds(text, now=now) for text in (None, "soon", "-5", "")] == [None] * 4


def test_a_date_to_wait_for_is_read_by_the_clock_of_the_host_that_sent_it() -> None:
    headers = {"Retry-After": "Sat, 21 Nov 2026 12:01:30 GMT", "Date": "Sat, 21 Nov 2026 12:00:00 GMT"}

    class Refused(Exception):
        status = 429
        response = SimpleNamespace(get_header=headers.get)

    for seconds in (90, 150):
        refusal = yt_dlp.utils.DownloadError("HTTP Error 429: Too Many Requests")
        refusal.__cause__ = Refused()
        assert failure_of(refusal).retry_after_seconds == seconds
        headers["Date"] = "Sat, 21 Nov 2026 11:59:00 GMT"
    assert http_date("soon") is None


def test_every_state_has_a_policy() -> None:
    assert list(POLICIES) == list(State)
    assert {state for state, policy in POLICIES.items() if policy.again == Again.BY_ITSELF} == {State.RATE_LIMITED}
    assert [attempts_per_run(state, tries=5) for state in (State.NETWORK, State.CORRUPT, State.GONE)] == [5, 2, 1]
