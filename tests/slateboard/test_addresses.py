"""Addresses leave a workspace without logins, signatures and folders; what is plain stays as it is, to the letter."""

from pathlib import Path

import pytest

from slateboard.addresses import identity, is_private, public_address, scrub
from slateboard.records.source import host_of, source_id

PLAIN = (
    "https://www.youtube.com/watch?v=abc-DEF_123&t=10s&list=PL9&index=2",
    "https://vm.tiktok.com/ZM8abc/",
    "https://www.tiktok.com/@name/video/7123?is_from_webapp=1&sender_device=pc",
    "http://127.0.0.1:8000/a%20b/v.mp4",
    "http://host/v.mp4?",
    "http://host/v.mp4?#",
    "http://host/v.mp4#t=10,20",
    "http://host/v.mp4?a=1&&b;c=2&d",
    "http://host/v.mp4?sign=eat&viewkey=ph1&design=2&keyword=x&tokenizer=1&author=me&monkey=3&signal=4&sp=1&sv=2",
    "http://host/v.mp4?signature=&token",
    "http://[::1]:80/v.mp4",
    "clips/own.mp4",
    "clips/a b#c?token=1.mp4",
    "own.mp4",
)

PRIVATE = {
    "http://user:PASSWORD@host/v.mp4": "http://host/v.mp4",
    "https://user@host:8080/v.mp4?x=1": "https://host:8080/v.mp4?x=1",
    "HTTP://USER:PASSWORD@host/v": "HTTP://host/v",
    "http://host/v.mp4?token=SECRET": "http://host/v.mp4",
    "http://host/v.mp4?a=1&token=SECRET&b=2": "http://host/v.mp4?a=1&b=2",
    "http://host/v.mp4?a=1;sig=SECRET;b=2": "http://host/v.mp4?a=1;b=2",
    "http://host/v.mp4?x=1&amp;token=SECRET": "http://host/v.mp4?x=1&amp",
    "http://host/v.mp4?t%6Fken=SECRET": "http://host/v.mp4",
    "http://host/v.mp4?authToken=SECRET&client-secret=SECRET&my.password=SECRET": "http://host/v.mp4",
    "http://host/v.mp4#access_token=SECRET": "http://host/v.mp4",
    "http://host/v.mp4?password=SECRET&user=me&v=3": "http://host/v.mp4?v=3",
    "http://host/hdnts=exp=1~hmac=SECRET/v.mp4": "http://host/v.mp4",
    "http://host/v.mp4;jsessionid=SECRET?v=1": "http://host/v.mp4?v=1",
    "https://b.s3.amazonaws.com/v.mp4?X-Amz-Algorithm=A&X-Amz-Credential=SECRET&X-Amz-Signature=SECRET&v=1": (
        "https://b.s3.amazonaws.com/v.mp4?v=1"
    ),
    "https://storage.googleapis.com/b/v.mp4?X-Goog-Signature=SECRET&GoogleAccessId=me&Expires=1": (
        "https://storage.googleapis.com/b/v.mp4"
    ),
    "https://d.cloudfront.net/v.mp4?Expires=1&Policy=SECRET&Signature=SECRET&Key-Pair-Id=SECRET": (
        "https://d.cloudfront.net/v.mp4"
    ),
    "https://a.blob.core.windows.net/c/v.mp4?sv=2022&se=2026&sr=b&sp=r&skoid=SECRET&sig=SECRET": (
        "https://a.blob.core.windows.net/c/v.mp4"
    ),
    "https://scontent.cdninstagram.com/v/v.mp4?efg=1&_nc_ht=x&_nc_cat=1&oh=SECRET&oe=SECRET": (
        "https://scontent.cdninstagram.com/v/v.mp4?efg=1"
    ),
    "https://akamai.net/v.mp4?hdnea=SECRET&__gda__=SECRET": "https://akamai.net/v.mp4",
    "http://host/p?to=http%3A%2F%2Fme%3ASECRET%40other%2Fv%3Ftoken%3DSECRET&z=1": (
        "http://host/p?to=http%3A%2F%2Fother%2Fv&z=1"
    ),
    "/home/me/videos/v 1.mp4": "v 1.mp4",
    "../../me/v.mp4": "v.mp4",
    "clips/../own.mp4": "own.mp4",
    "~/videos/v.mp4": "v.mp4",
    "C:\\Users\\me\\v.mp4": "v.mp4",
    "\\\\server\\share\\v.mp4": "v.mp4",
    "file:///home/me/v.mp4": "v.mp4",
}


@pytest.mark.parametrize("address", PLAIN)
def test_a_plain_address_stays_as_it_is(address: str) -> None:
    assert (public_address(address), identity(address), is_private(address)) == (address, address, False)


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_private_is_left_out(address: str) -> None:
    assert public_address(address) == PRIVATE[address]
    assert public_address(PRIVATE[address]) == PRIVATE[address]
    assert is_private(address)


@pytest.mark.parametrize(
    "name",
    [
        "Signature", "sig", "token", "access_token", "key", "api_key", "apiKey", "Expires", "Policy", "Key-Pair-Id",
        "hdnea", "hdnts", "__gda__", "_nc_ohc", "X-Amz-Security-Token", "skoid", "password", "auth", "session",
        "PHPSESSID",
    ],
)  # fmt: skip
def test_each_name_of_a_credential_is_known(name: str) -> None:
    assert public_address(f"http://host/v.mp4?v=1&{name}=SECRET") == "http://host/v.mp4?v=1"


def test_a_path_in_the_workspace_is_relative_to_it(tmp_path: Path) -> None:
    assert public_address(f"{tmp_path}/clips/v.mp4", root=tmp_path) == "clips/v.mp4"
    assert public_address(f"{tmp_path}/../v.mp4", root=tmp_path) == "v.mp4"
    assert public_address(f"{tmp_path}x/v.mp4", root=tmp_path) == "v.mp4"


def test_a_text_is_freed_of_every_address_and_path(tmp_path: Path) -> None:
    text = (
        f"ERROR: {tmp_path}/media/x.mp4 of http://me:SECRET@host/v.mp4?token=SECRET. (https://h/x?sig=SECRET), "
        "/home/me/v.mp4: no; /data/My Videos/v.mp4; C:\\Users\\me\\v.mp4; 1/2 and/or http://host/plain?v=1!"
    )
    assert scrub(text, root=tmp_path, addresses=["/data/My Videos/v.mp4"]) == (
        "ERROR: media/x.mp4 of http://host/v.mp4. (https://h/x), "
        "v.mp4: no; v.mp4; v.mp4; 1/2 and/or http://host/plain?v=1!"
    )


def test_two_signatures_of_one_file_are_one_source_and_ids_of_plain_addresses_are_what_they_were() -> None:
    one, other = "https://u:p@host/v.mp4?v=1&X-Amz-Signature=1", "https://host/v.mp4?v=1&X-Amz-Signature=2&X-Amz-Date=3"
    assert source_id(one, 1.0, 2.0) == source_id(other, 1.0, 2.0) != source_id(other, 1.0, 3.0)
    # Written down before logins and signatures were left out.
    assert source_id("https://www.youtube.com/watch?v=abc-DEF_123&t=10s", None, 3.0) == "678b75fd8b50"
    assert source_id("clips/own.mp4", None, None) == "4edc89d17e56"


def test_an_address_in_capitals_has_a_host() -> None:
    assert host_of("HTTPS://user:p@WWW.Example.org:80/x") == "example.org"
