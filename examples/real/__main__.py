"""Begin a workspace of real clips; docs/real-run.md has the commands that follow.

python -m examples.real jhmdb8 ../shared/realdata WORKSPACE
"""

import sys
from pathlib import Path

from examples.real.workspaces import GROUPS, write_workspace

if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in GROUPS:
        raise SystemExit(f"Usage: python -m examples.real {'|'.join(GROUPS)} REALDATA WORKSPACE")
    name, realdata, folder = sys.argv[1], Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve()
    clips = sorted(realdata.glob(f"{name}/*/*.avi"))
    write_workspace(name, clips, folder)
    print(f"{folder}: {len(clips)} clips listed")
