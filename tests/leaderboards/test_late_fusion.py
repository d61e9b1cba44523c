"""Fusion of tables: weights, views, failures and what is refused."""

import numpy as np
import pytest

from leaderboards.late_fusion import fuse_predictions
from slateboard.errors import BadInput


def shares(table) -> dict[str, list[float]]:
    """Return the softmax of each clip's only view."""
    return {row["clip_id"]: np.exp(np.float64(row["logits"])).round(6).tolist() for row in table.to_dict("records")}


def logs(*values: float) -> list[float]:
    return np.log(values).tolist()


def test_weights_are_relative(clips, predict) -> None:
    made = clips([1, 2, 3])
    tables = [predict(made, {"clip0": [logs(0.8, 0.1, 0.1)]}), predict(made, {"clip0": [logs(0.2, 0.4, 0.4)]})]
    assert shares(fuse_predictions(tables, stream="f", weights=[3, 1])) == {"clip0": [0.65, 0.175, 0.175]}
    assert shares(fuse_predictions(tables, stream="f")) == {"clip0": [0.5, 0.25, 0.25]}


def test_tables_with_other_views_are_fused_clip_by_clip(clips, predict) -> None:
    made = clips([1, 2, 3])
    two = predict(made, {"clip0": [logs(0.8, 0.1, 0.1), logs(0.4, 0.3, 0.3)]})
    one = predict(made, {"clip0": [logs(0.2, 0.4, 0.4)]})
    fused = fuse_predictions([two, one], stream="f")
    assert shares(fused) == {"clip0": [0.4, 0.3, 0.3]}
    assert fused[["view", "stream", "label_index", "failed"]].to_numpy().tolist() == [[0, "f", 0, False]]


def test_a_clip_that_failed_in_one_table_has_failed(clips, predict) -> None:
    made = clips([1, 2, 3])
    whole = predict(made, {"clip0": [[1, 0, 0], [1, 0, 0]], "clip1": [[0, 1, 0]]})
    fused = fuse_predictions([whole, predict(made, {"clip0": [], "clip1": [[0, 1, 0]]})], stream="f")
    assert dict(zip(fused["clip_id"], fused["failed"], strict=True)) == {"clip0": True, "clip1": False}
    assert fused["logits"].map(len).tolist() == [3, 0]


def test_the_order_of_rows_decides_nothing(clips, predict) -> None:
    made = clips([1, 2, 3])
    tables = [predict(made, {"clip0": [[1, 0, 0], [0, 3, 0]], "clip2": [[0, 1, 2], [0, 0, 1]]})] * 2
    turned = [tables[0][::-1], tables[1]]
    assert (
        fuse_predictions(turned, stream="f").to_dict("list").keys()
        == fuse_predictions(tables, stream="f").to_dict("list").keys()
    )
    for column in ("clip_id", "view", "label_index"):
        assert (
            fuse_predictions(turned, stream="f")[column].tolist()
            == fuse_predictions(tables, stream="f")[column].tolist()
        )
    np.testing.assert_array_equal(
        np.stack(fuse_predictions(turned, stream="f")["logits"]),
        np.stack(fuse_predictions(tables, stream="f")["logits"]),
    )


def test_what_cannot_be_fused_is_refused(clips, predict) -> None:
    made = clips([1, 2, 3])
    first = predict(made, {"clip0": [[1, 0, 0]]})
    cases = [
        (predict(made, {"clip1": [[1, 0, 0]]}), None, "tests 1 clips, 2 of them not shared"),
        (first.assign(label_index=2), None, "has other labels"),
        (predict(made, {"clip0": [[1, 0]]}), None, "has 2 classes"),
        (first, [1.0], "Give one of each"),
        (first, [1.0, -1.0], "Give one of each"),
        (first, [0.0, 0.0], "Give one of each"),
    ]
    for second, weights, said in cases:
        with pytest.raises(BadInput, match=said):
            fuse_predictions([first, second], stream="f", weights=weights)
