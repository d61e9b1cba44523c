"""Settings: slateboard.toml of a workspace, then the environment (SLATEBOARD_...), then flags.

Every field's docstring is its help; an unknown key is an error with the nearest name.
"""

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from slateboard.errors import BadInput, Problem, did_you_mean
from slateboard.paths import SafeName

FILE = "slateboard.toml"


class Section(BaseModel):
    """One table of slateboard.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class FetchSettings(Section):
    """How sources are downloaded (yt-dlp)."""

    workers: int = Field(default=4, ge=1, le=64)
    """Downloads at the same time, over all hosts."""
    workers_per_host: int = Field(default=1, ge=1, le=64)
    """Downloads at the same time from one host."""
    sleep_interval_seconds: float = Field(default=10, ge=0)
    """Least wait between two downloads of one host (yt-dlp's `-t sleep`: 10-20 s)."""
    max_sleep_interval_seconds: float = Field(default=20, ge=0)
    """Greatest wait between two downloads of one host, by chance; set both to 0 for a host of your own."""
    sleep_requests_seconds: float = Field(default=0.75, ge=0)
    """Wait between the requests that find out about one video (yt-dlp's `-t sleep`: 0.75 s)."""
    per_hour: int = Field(default=300, ge=0)
    """Most downloads an hour from one host (a guest of YouTube gets about 300); 0: no limit."""
    timeout_seconds: float = Field(default=20, gt=0)
    """Silence on a connection after which it counts as lost."""
    try_seconds: float = Field(default=1800, gt=0)
    """Longest time for one attempt, however little trickles in; then it counts as lost: state network."""
    tries: int = Field(default=3, ge=1, le=20)
    """Attempts at a source whose state may change by itself: network, rate_limited, truncated."""
    backoff_seconds: float = Field(default=1, ge=0)
    """Wait before the second attempt; doubles each time, plus up to half of it by chance."""
    retry_after_seconds: float = Field(default=60, ge=0)
    """Longest Retry-After that is waited for; after a longer one a later `fetch` asks again, when its time has come."""
    rest_seconds: float = Field(default=3600, ge=0)
    """How long a rate-limited source rests where its host names no time (YouTube: "up to an hour")."""
    max_bytes: int = Field(default=500_000_000, gt=0)
    """Larger files are not downloaded: state too_large."""
    max_seconds: float = Field(default=1200, gt=0)
    """Longer videos are not downloaded: state too_long."""
    height: int = Field(default=720, gt=0)
    """Best format up to this height in pixels."""
    format: str = ""
    """Format expression of yt-dlp that names one stream, since nothing is put together; empty: video alone or with
    sound up to `height`, watermark-free ones first."""
    cookies: str = ""
    """Cookies file (Netscape format) in the workspace; it is read and never written. A file elsewhere is named by the
    environment alone: SLATEBOARD_FETCH__COOKIES."""
    proxy: str = ""
    """Address of a proxy: http://..., socks5://...; empty: as the environment says."""
    allow_private: bool = False
    """Ask hosts of this machine and of its network, too (loopback, private, link-local and other reserved addresses);
    without it no address, redirect, segment or embedded player may lead there. A proxy may lie there anyway."""
    plugins: bool = False
    """Load the plug-ins of yt-dlp that this user or Python environment has, and run them."""
    keep_personal: bool = False
    """Keep names of uploaders and titles in the provenance."""


class Limits(Section):
    """Budget of one item, beyond which it is given up: a video, some clips of one, or a shard."""

    item_seconds: float = Field(default=7200, gt=0)
    """Longest time for one item; a video of 20 minutes in 1080p takes some minutes."""
    memory_bytes: int = Field(default=4_000_000_000, ge=500_000_000)
    """Most memory of one worker process; on Ray the scheduler is told, so that no node takes more than fit into it."""
    run_seconds: float = Field(default=0, ge=0)
    """Longest time for one run of a suite; then it has failed, and the others go on. 0: as long as it takes."""
    max_frames: int = Field(default=500_000, gt=0)
    """Most frames that one video may decode to: 4.6 hours at 30 a second."""
    max_pixels: int = Field(default=36_000_000, ge=1_000_000)
    """Most pixels of one picture, width times height: a little over 8K."""
    max_duration_seconds: float = Field(default=14_400, gt=0)
    """Longest time from a video's first frame to any other, and longest duration that a header may claim."""
    max_streams: int = Field(default=100, ge=1, le=1000)
    """Most streams of one file: video, sound, subtitles and attachments."""


class ClipSettings(Section):
    """How clips are proposed and trimmed (MEI paper 4.1.2)."""

    rule: Literal["paper", "whole"] = "paper"
    """paper: inside shots, cards cut off, long videos in 2-4 segments; whole: each source is one clip already."""
    whole_under_seconds: float = Field(default=20, gt=0)
    """Videos under this length are not divided into segments."""
    min_seconds: float = Field(default=1, gt=0)
    """Shorter pieces are not proposed (rule paper)."""
    segment_min_seconds: float = Field(default=5, gt=0)
    """Least length of a segment of a longer video."""
    segment_max_seconds: float = Field(default=20, gt=0)
    """Greatest length of a segment."""
    segments_min: int = Field(default=2, ge=1)
    """Least segments of a longer video, where its shots are long enough."""
    segments_max: int = Field(default=4, ge=1)
    """Most segments of one video."""
    timing: Literal["auto", "frames", "time"] = "auto"
    """auto: clips last as long as a player shows them: every decoded frame once where all frames follow each other at
    one rate, else (phones, screen recordings, GIFs, files that lost frames) frames doubled or dropped; time: as a
    player in any case; frames: every decoded frame once in any case, whatever length that gives (JHMDB's users count
    them). The proof of a clip says which it was; a clip that lasts otherwise than a player shows it fails, unless
    `frames` is set."""
    frame_rate_hz: float | None = Field(default=None, gt=0, le=240)
    """Rate of the trimmed clips; unset: the source's."""
    deinterlace: bool = False
    """Interlaced pictures become progressive (bwdif): each keeps the older of its fields; their number stays."""
    tone_map: bool = True
    """HDR pictures (PQ, HLG) become BT.709 of 8 bit, as an SDR player shows them; false: they keep 10 bit and their own
    transfer, which few loaders show rightly."""
    height: int | None = Field(default=None, ge=16, le=4320)
    """Height of the trimmed clips in pixels, the width in proportion; unset: the source's."""
    crf: int = Field(default=25, ge=0, le=51)
    """x264 quality of the trimmed clips; lower is better and larger. 25 with superfast takes the room of 22 with
    veryfast, which is what PySceneDetect cuts with, at the same or a better PSNR."""
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"] = "superfast"
    """x264 preset of the trimmed clips; slower ones are smaller."""


class ReleaseSettings(Section):
    """Naming, protocol and datasheet of a release."""

    naming: Literal["seags", "ucf101"] = "seags"
    """v_<Class>_<index>.mp4 (MEI paper 4.1.2) or v_<Class>_gNN_cNN.mp4 (UCF101)."""
    protocol: str = "seags"
    """Protocol whose lists are frozen into the release."""
    motion_pairs: tuple[tuple[str, str], ...] = ()
    """Pairs of labels that differ only by direction or order of motion; the board shows them apart."""
    answers: dict[str, str] = {}
    """Answers to questions of the datasheet that the catalog cannot know, by the key that DATASHEET.md shows."""


class SplitSettings(Section):
    """How clips are divided."""

    test_share: float = Field(default=0.3, gt=0, lt=1)
    """Share of each class for testing (MEI paper 4.1.2: 30 %)."""
    seed: int = Field(default=0, ge=0)
    """Of the division."""


class TrainingSettings(Section):
    """How baselines are trained."""

    threads: int = Field(default=1, ge=1)
    """CPU threads of one run. Two on a busy machine are often slower than one."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: the GPU where there is one."""
    devices: int = Field(default=1, ge=1)
    """Processes that share one run, a device each; torchrun or srun starts them (docs/training.md). 1: as many as they
    have started."""
    deterministic: bool = True
    """On a GPU: only algorithms that give the same numbers each time, where there are such; false: the fastest. A CPU
    always gives the same for the same number of threads."""
    checkpoint_minutes: float = Field(default=5, ge=0)
    """Training time between checkpoints inside an epoch; there is one after each epoch besides. 0: after each step."""
    loggers: tuple[str, ...] = ()
    """Where rows of log.csv go besides: names that `slateboard ls loggers` lists."""
    seed: int = Field(default=0, ge=0)
    """Of first weights, order, augmentation and what is held back to validate."""
    validation_share: float = Field(default=0.3, ge=0, lt=1)
    """Share of the training list, by whole groups and of each class alike, that networks do not learn from but are
    watched on: 0.3 in the MEI paper (4.5: 7:3), 0.2 in HUST's (4:1) and Sevilla's (80/20); 0: none. A baseline's own
    `validation_share` is over it; estimators, which nothing watches, learn from all."""


class FrameSettings(Section):
    """Where frames come from while baselines are trained and tested."""

    form: Literal["auto", "planes", "video", "live"] = "auto"
    """planes: decoded once into raw pictures, the fastest; video: into small H.264 video, a twentieth of that, nearly
    the same pictures; live: decoded whenever they are needed; auto: planes where they fit into memory and on the disk,
    else video, else live. Which it was is said."""
    resident: Literal["auto", "gpu", "no"] = "auto"
    """gpu: planes lie in the GPU's memory as a whole, and are gathered there; auto: where there is a GPU and they take
    at most half of its free memory."""
    threads: int = Field(default=1, ge=0)
    """Threads that read and decode ahead of training; 0: each batch is read when it is needed."""


class WeightFile(Section):
    """One file of weights, and the input that they were trained on: RGB in 0..1, less `mean`, over `std`."""

    file: str
    """Name in `weights_dir`, or an absolute path."""
    architecture: str
    """Network of torchvision, or a baseline with its own layers, as c3d."""
    mean: tuple[float, float, float]
    """Of red, green and blue; [0, 0, 0] for weights that saw plain numbers."""
    std: tuple[float, float, float]
    """Of red, green and blue, each above 0; 1/255 = 0.00392157 for weights that saw 0..255."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the file, in lower case."""
    folded: bool = False
    """BatchNorm was folded into the convolutions; its statistics are measured before the first step."""
    note: str = ""
    """Where it comes from; shown when it is loaded."""

    @field_validator("std")
    @classmethod
    def _is_positive(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if min(value) <= 0:
            raise ValueError("each number must be above 0")
        return value


class Settings(BaseSettings):
    """All settings of a workspace."""

    model_config = SettingsConfigDict(
        env_prefix="SLATEBOARD_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    name: SafeName = "dataset"
    """Short name of the dataset: letters, digits, `_ . -`."""
    title: str = ""
    """Name of the dataset for people."""
    licence: str = ""
    """Licence under which the release as a whole is given."""
    reviewer: str = ""
    """Who decides on clips: the name beside each decision, and of the file in reviews/; empty: that of the user."""
    labels: tuple[str, ...] = ()
    """Labels that sources.csv may use; empty: any, each spelt one way."""
    weights_dir: str = ""
    """Folder with pretrained weight files (also SLATEBOARD_WEIGHTS)."""
    weight_sets: dict[str, WeightFile] = {}
    """Weight files of your own by name: [weight_sets.NAME] with file, architecture, mean, std and sha256, since a set
    states its own normalisation; folded and note where they apply. `weights = "NAME"` of a baseline begins with it."""
    fetch: FetchSettings = FetchSettings()
    limits: Limits = Limits()
    clips: ClipSettings = ClipSettings()
    release: ReleaseSettings = ReleaseSettings()
    split: SplitSettings = SplitSettings()
    frames: FrameSettings = FrameSettings()
    train: TrainingSettings = TrainingSettings()
    analysers: dict[str, dict[str, Any]] = {}
    """Parameters of analysers and detectors by name: [analysers.shots]. `slateboard ls analysers NAME` lists them."""
    baselines: dict[str, dict[str, Any]] = {}
    """Parameters of baselines by name: [baselines.c3d] width = 8. `slateboard ls baselines NAME` lists them."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags over environment over file."""
        file = TomlConfigSettingsSource(settings_cls, toml_file=settings_cls.model_config.get("toml_file"))
        return init_settings, env_settings, file


def read_settings(workspace: Path) -> Settings:
    """Read the settings of a workspace, or name everything that is wrong with them."""
    path = workspace / FILE
    if path.is_file():
        try:
            tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput([Problem(str(path), f"is not valid TOML: {error}.", "Mend that line.")]) from None

    # pydantic-settings reads the path of the TOML file off the class, so each workspace has a class of its own.
    class OfWorkspace(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    weights = os.environ.get("SLATEBOARD_WEIGHTS")
    try:
        return OfWorkspace(weights_dir=weights) if weights else OfWorkspace()
    except ValidationError as error:
        raise BadInput([_problem(path, issue) for issue in error.errors()]) from None


def _problem(path: Path, issue: Any) -> Problem:
    key = ".".join(map(str, issue["loc"]))
    if issue["type"] != "extra_forbidden":
        return Problem(f"{path}: {key}", f"{issue['msg']} (got {issue['input']!r}).", "Correct the value.")
    # ("fetch", "tires") -> Settings, then its section FetchSettings, whose fields the near name is taken from.
    model: type[BaseModel] = WeightFile if issue["loc"][0] == "weight_sets" else Settings
    for key_part in issue["loc"][:-1] if model is Settings else ():
        model = type(model.model_fields[str(key_part)].default)
    return Problem(f"{path}: {key}", "unknown setting.", did_you_mean(str(issue["loc"][-1]), model.model_fields))
