"""`slateboard bench store` builds, lists, checks and removes stores, and says what it did."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from slateboard.cli import main
from slateboard.workspace import Workspace

Lab = Callable[[str], Workspace]


@pytest.fixture
def store(lab: Lab, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run `bench store WORDS` in a workspace; return exit code and what was written to both streams."""
    workspace = lab("")

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["bench", "store", *words, "--workspace", str(workspace.root)])
        out, error = capsys.readouterr()
        return code, out, error

    run.workspace = workspace  # type: ignore[attr-defined]
    return run


def stores(store: Callable[..., tuple[int, str, str]]) -> list[Path]:
    workspace: Workspace = store.workspace  # type: ignore[attr-defined]
    return sorted(path for path in workspace.stores.glob("*/*") if path.is_dir())


def test_both_forms_are_built_and_listed(store: Callable[..., tuple[int, str, str]]) -> None:
    assert store("info")[1].startswith("No stores.")
    for form in ("planes", "video"):
        code, out, _ = store("build", "--size", "32", "--keep", "whole", "--form", form, "--json")
        assert code == 0
        built = json.loads(out)
        assert (built["clips"], built["frames"], built["failed"], built["other_count_claimed"]) == (16, 320, 0, 0)
    planes, video = json.loads(store("info", "--json")[1])
    assert (planes["form"], planes["frames"], planes["failed"]) == ("planes", 320, 0)
    assert planes["bytes_per_frame"] == 32 * 32 * 3 / 2
    assert video["bytes_per_frame"] > 0
    assert (planes["unneeded"], video["unneeded"]) == ("", "")
    code, _, error = store("build", "--size", "32", "--form", "plane")
    assert (code, "Did you mean 'planes'?" in error) == (2, True)


def test_a_changed_byte_is_a_finding_and_a_sample_decodes_to_what_is_stored(
    store: Callable[..., tuple[int, str, str]],
) -> None:
    for form in ("planes", "video"):
        store("build", "--size", "32", "--form", form)
    code, out, _ = store("verify", "--sample", "3", "--json")
    assert code == 0
    assert [len(one["decoded_again"]) for one in json.loads(out)["stores"]] == [3, 3]
    shard = next(stores(store)[0].glob("*.planes"))
    data = bytearray(shard.read_bytes())
    data[1000] ^= 1
    shard.write_bytes(data)
    code, _, error = store("verify")
    assert code == 1
    assert "00000.planes: has other bytes than it was written with" in error
    shard.write_bytes(data[:-1])
    assert "has 491519 bytes, was written with 491520" in store("verify")[2]
    shard.unlink()
    assert "00000.planes: is not there" in store("verify")[2]


def test_a_store_of_another_picture_than_decodes_is_a_finding(store: Callable[..., tuple[int, str, str]]) -> None:
    from benchmark.frames.shard_writer import checksum_of

    store("build", "--size", "32")
    shard = next(stores(store)[0].glob("*.planes"))
    facts = stores(store)[0] / "store.json"
    old, data = checksum_of(shard), bytearray(shard.read_bytes())
    data[1000] ^= 1
    shard.write_bytes(data)
    facts.write_text(facts.read_text("utf-8").replace(old, checksum_of(shard)), "utf-8")
    assert store("verify")[0] == 0
    code, _, error = store("verify", "--sample", "16")
    assert (code, error.count("bytes that are not the stored ones")) == (1, 1)


def test_what_another_decoder_made_or_nobody_released_is_pruned_and_nothing_else(
    store: Callable[..., tuple[int, str, str]],
) -> None:
    for size in ("32", "24", "16"):
        store("build", "--size", size)
    _, old, gone = stores(store)[2], stores(store)[1], stores(store)[0]
    for folder, name, value in ((old, "decoder", "av 0.1"), (gone, "root", "/nowhere")):
        record = json.loads((folder / "store.json").read_text("utf-8")) | {name: value}
        record |= {"dataset": "other-v1"} if name == "root" else {}
        (folder / "store.json").write_text(json.dumps(record), "utf-8")
    code, out, _ = store("prune", "--dry-run")
    assert code == 0
    assert out.count("would remove") == 2
    assert "it was made by av 0.1" in out
    assert "other-v1 is not there any more" in out
    assert len(stores(store)) == 3
    assert len(json.loads(store("prune", "--json")[1])["removed"]) == 2
    assert [path.name.split("-")[0] for path in stores(store)] == ["32"]
    assert json.loads(store("prune", "--json")[1])["removed"] == []


def test_a_store_that_is_not_whole_stays_for_building_to_go_on(store: Callable[..., tuple[int, str, str]]) -> None:
    store("build", "--size", "32")
    (stores(store)[0] / "index.parquet").unlink()
    assert "not whole" in store("info")[1]
    assert store("verify")[0] == 0
    assert json.loads(store("prune", "--json")[1])["removed"] == []
    assert store("build", "--size", "32")[0] == 0
