"""Draws two of the README's pictures with `cnncalc draw`.

Run as `python .github/pictures.py` where cnncalc is installed; writes unet.svg and resnet50.svg beside this file.
"""

import subprocess
import sys
from pathlib import Path

NETWORKS = ("unet", "resnet50")


def main() -> None:
    program = Path(sys.executable).parent / "cnncalc"
    for name in NETWORKS:
        subprocess.run([str(program), "draw", name, "-o", str(Path(__file__).parent / f"{name}.svg")], check=True)


if __name__ == "__main__":
    main()
