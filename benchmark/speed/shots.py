"""How well cuts are found, beside PySceneDetect's own command line on the same files in one run.

Both are scored by `slateboard curate eval shots`: sure cuts of the table, one to one, at tolerance 0 and 1 frame.

Example: python -m benchmark.speed.shots ../shared/realdata
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

DETECTORS = ("detect-adaptive", "detect-content", "detect-hash", "detect-hist")


def main() -> None:
    """Run both and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("realdata", type=Path, help="Folder that holds shots/handchecked_cuts.csv and the videos.")
    truth = parser.parse_args().realdata / "shots" / "handchecked_cuts.csv"
    with truth.open(encoding="utf-8", newline="") as file:
        videos = list(dict.fromkeys(row["video"] for row in csv.DictReader(file)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "slateboard", "curate", "eval", "shots", str(truth), "--json"]
        for detector in DETECTORS:
            command += ["--found", str(_theirs(detector, videos, truth.parent, folder))]
        process = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    for name, report in json.loads(process.stdout)["detectors"].items():
        scores = "; ".join(f"tolerance {tolerance}: {_line(score)}" for tolerance, score in report["cuts"].items())
        print(f"{name:<16} {scores}; false in {report['clean_videos']} clean videos: {report['clean_false']}")


def _line(score: dict[str, float | None]) -> str:
    names = {"P": "precision", "R": "recall", "F1": "f1"}
    shares = " ".join(f"{short} {score[name] or 0:.3f}" for short, name in names.items())
    return f"{shares} ({score['tp']}/{score['fp']}/{score['fn']})"


def _theirs(detector: str, videos: list[str], beside: Path, folder: Path) -> Path:
    """Run PySceneDetect with its defaults over all videos; return a table of the first frames of shots."""
    table = folder / f"{detector}.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["video", "frame"])
        for video in videos:
            scenes = folder / "scenes.csv"
            # Where PySceneDetect writes no table, that of the video before must not be read again.
            scenes.unlink(missing_ok=True)
            command = ["scenedetect", "--quiet", "--backend", "pyav", "--input", str(beside / video), detector]
            command += ["list-scenes", "--skip-cuts", "--output", str(folder), "--filename", scenes.name]
            subprocess.run(command, check=True, capture_output=True)
            if scenes.exists():
                writer.writerows([video, frame] for frame in _starts(scenes))
    return table


def _starts(scenes: Path) -> list[int]:
    """Return the 0-based first frames of all scenes but the first; the table counts frames from 1."""
    with scenes.open(encoding="utf-8", newline="") as file:
        return [int(row["Start Frame"]) - 1 for row in csv.DictReader(file)][1:]


if __name__ == "__main__":
    main()
