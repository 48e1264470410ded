"""Run every bench module, one after the other: `python -m bench [module …]`."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(wanted: list[str]) -> None:
    """Run the benches named, or all of them."""
    names = wanted or sorted(path.stem for path in HERE.glob("bench_*.py"))
    for name in names:
        print(f"== {name}", flush=True)
        sys.argv = [name]
        runpy.run_module(f"bench.{name}", run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
