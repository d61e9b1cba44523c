"""Result: the scores of a run; written last in its folder, so that its presence means the run is whole."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from slateboard.paths import SafeId
from slateboard.records.base import Amount, Count, Record, Share
from slateboard.records.run import Run

Change = Annotated[float, Field(ge=-1 - 1e-9, le=1 + 1e-9)]
"""One share less another."""
_OF_SLICE = ("n", "accuracy", "low", "high")


class Calibration(Record):
    """How far confidence and accuracy are apart (Guo et al., ICML 2017, section 2), in bins of equal width."""

    ece: Share
    """Expected calibration error: mean over bins, by their share of predictions, of |accuracy - confidence|. 0-1."""
    n: tuple[Count, ...]
    """Predictions in each bin; of B bins the first holds confidences above 0 up to 1/B, the last those up to 1."""
    confidence: tuple[Share | None, ...]
    """Mean highest probability of each bin; None where it is empty."""
    accuracy: tuple[Share | None, ...]
    """Share of each bin that is right."""


class Difference(Record):
    """One accuracy less another, with the interval of the difference: groups are drawn for both at once."""

    accuracy: Share
    other: Share
    difference: Change
    """accuracy - other."""
    low: Change
    """95 % interval by bootstrap over groups, -1 to 1; a single group says nothing: (-1, 1)."""
    high: Change
    n: Count
    """Clips of the first."""
    n_other: Count
    groups: Count


class Score(Record):
    """The figures of one stream of a run (a baseline of one network has one stream)."""

    stream: SafeId
    """normal, motion, fused, ... or `all` where there is one."""
    n_clips: Count
    """Clips that the figures per video are of: all that were expected, or those that were read (Run.failed)."""
    video_accuracy: Share
    """Share of clips whose mean over views is right; a failed clip counts as wrong unless it is left out. 0-1."""
    video_interval: tuple[Share, Share]
    """95 % Wilson interval of video_accuracy over clips."""
    group_interval: tuple[Share, Share]
    """95 % interval of video_accuracy by bootstrap over groups: the honest one where groups are few."""
    top5_accuracy: Share
    mean_class_accuracy: Share
    mean_class_interval: tuple[Share, Share] | None = None
    """95 % interval by bootstrap over groups; a class that a draw lacks is left out of that draw. None: schema 1."""
    calibration: Calibration | None = None
    """Per video, of the clips that were read; None where none was, or schema 1."""
    image_accuracy: Share | None
    """Share of single views (MEI, frame or sub-clip) that are right, 0-1; None where no view was read."""
    n_images: Count
    image_interval: tuple[Share, Share] | None = None
    """95 % interval by bootstrap over groups: views of a clip are not independent."""
    image_top5_accuracy: Share | None = None
    image_mean_class_accuracy: Share | None = None
    image_calibration: Calibration | None = None
    per_class: dict[str, dict[str, Amount]]
    """precision, recall, f1 and support of each class, and low and high, the 95 % Wilson interval of the recall."""
    confusion: tuple[tuple[Count, ...], ...]
    """Rows are true classes, columns predicted ones, in the order of classInd."""
    slices: dict[str, dict[str, Amount | Count | None]]
    """Subset name -> n, accuracy, low and high (Wilson), groups, group_low and group_high (bootstrap): effects=true,
    effects=false, effects=unknown, effect=<kind>, motion_pairs, duration, short side, columns that were asked for."""
    differences: dict[str, Difference] = Field(default_factory=dict)
    """Slices that compare: `effects`, with less without; `twins`, clips with effects less the same ones without."""

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        # C classes: C rows of C columns, a support and the four figures of a slice each, whoever wrote the file.
        if [len(row) for row in self.confusion] != [len(self.per_class)] * len(self.per_class):
            raise ValueError(f"the confusion matrix is not of the {len(self.per_class)} classes")
        if not self.per_class or any("support" not in values for values in self.per_class.values()):
            raise ValueError("a class lacks its support")
        if any(name not in figures for figures in self.slices.values() for name in _OF_SLICE):
            raise ValueError(f"a slice lacks one of {', '.join(_OF_SLICE)}")
        return self


class StreamCosts(Record):
    """Parameters, GFLOPs and times of one stream of a run, and its initial weights."""

    parameters: Count
    """Trainable numbers."""
    gflops: Amount | None = None
    """For one view, multiply and add counted as two; None where not counted."""
    train_seconds: Amount | None = None
    test_seconds: Amount | None = None
    n_repeating: Count | None = None
    """Test clips shorter than a view, so that frames repeat in it."""
    weights: str = "none"
    """Name of the weight set that it began with."""
    weights_report: tuple[str, ...] = ()
    """What of those weights was loaded and what was not, a sentence each."""


class Result(Record):
    """A finished run."""

    SCHEMA: ClassVar[int] = 2

    run: Run
    title: str
    """Of the baseline."""
    train_sha256: str
    """Hash of the ids trained on."""
    n_expected: Count
    n_scored: Count
    n_failed: Count
    """Test clips that could not be read; Run.failed says what they count as."""
    scores: tuple[Score, ...] = Field(min_length=1)
    parameters: Count
    """Trainable numbers of all streams."""
    gflops: Amount | None
    """For one view of every stream, multiply and add counted as two; None where not counted."""
    train_seconds: Amount
    test_seconds: Amount
    epochs: dict[str, Count]
    """Epochs really trained, by stream."""
    selection: str
    """Which state was tested: `last`, `stopped early`, or `fitted` for estimators without epochs."""
    geometry: dict[str, Any]
    """What the network sees: views, frames, height, width."""
    streams: dict[str, StreamCosts] = Field(default_factory=dict)
    """Costs and first weights by stream; empty in results of schema 1."""
    frames: str = ""
    """Where frames came from: planes, video, ... (the form of the store); empty in results of schema 1."""
    processes: Count = 1
    """That shared the run, a device each."""
    warnings: tuple[str, ...] = ()
    """What makes the figures doubtful, a sentence each: test clips linked to clips that were trained on."""
    environment: dict[str, str]
    """Python, torch, decoder, processor or GPU name, code version."""

    @model_validator(mode="after")
    def _names_streams_once(self) -> Self:
        if len({score.stream for score in self.scores}) < len(self.scores):
            raise ValueError("a stream has two scores")
        if len({tuple(score.per_class) for score in self.scores}) > 1:
            raise ValueError("its streams are not scored on the same classes")
        return self

    @property
    def main(self) -> Score:
        """The score of the stream that counts: `fused`, or the first where nothing is fused."""
        return next((score for score in self.scores if score.stream == "fused"), self.scores[0])

    @classmethod
    def migrated(cls, value: dict[str, Any], schema: int) -> dict[str, Any]:
        """Schema 1 said an image accuracy of 0.0 where no view was read, and no number of clips beside a score."""
        # n_images 0 and image_accuracy 0.0 of schema 1 -> image_accuracy None; every score was of n_expected clips
        # then.
        if schema > 1 or "scores" not in value:
            return value
        scores = [
            {
                **score,
                "n_clips": value.get("n_expected"),
                "image_accuracy": score.get("image_accuracy") if score.get("n_images") else None,
            }
            for score in value["scores"]
        ]
        return {**value, "scores": scores}
