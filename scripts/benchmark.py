"""Measure how close each way to limit tasks comes to what is possible, and write docs/benchmarks.md from it.

python scripts/benchmark.py                       # what `make bench` runs; `--quick` is `QUICK=1 make bench`
python scripts/benchmark.py --only handover       # one part anew, or some; the others are kept
python scripts/benchmark.py --render              # write the document from the results that are there

It only measures. What can't be measured here is listed with the reason. Run nothing else at the same time.
"""

import argparse
import contextlib
import signal
import sys
import tempfile
from pathlib import Path

import _start  # noqa: F401
from benchmarks import alternatives, document, graders, itself, patterns
from benchmarks.results import PARTS, Results, in_short

from workbook.paths import ROOT

QUICK = ROOT / "build" / "benchmarks"  # a short run never replaces the document of a full one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="measure less, in five minutes, for build/benchmarks/")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="measure these parts alone")
    parser.add_argument("--render", action="store_true", help="measure nothing, write the document again")
    parser.add_argument("--out", type=Path, help="the folder for benchmarks.md and benchmarks/ (default: docs)")
    options = parser.parse_args()
    out = options.out or (QUICK if options.quick else ROOT / "docs")
    file = out / "benchmarks" / "results.json"
    whole = True
    if not options.render:
        whole = measure(file, options.only, options.quick)
    elif not file.exists():
        sys.exit(f"Error: there are no results in {file}: measure them with `make bench`.")
    print(f"Written: {document.write(out)}")
    if not whole:
        sys.exit("Interrupted: what had been measured by then is kept.")


def measure(file: Path, parts: list[str], quick: bool) -> bool:
    """Measure these parts one after another; one that fails is noted, and the next begins.

    Returns:
        False if it was interrupted.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # or what it started would stay
    results = Results(file, quick, parts)
    with (
        contextlib.suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory(prefix="workbook-bench-", ignore_cleanup_errors=True) as name,
    ):
        for part in parts:
            results.begin(part)
            try:
                MEASURE[part](results, Path(name), quick)
            except Exception as error:  # noted in the document, which is what a reader looks at
                results.not_run(PARTS[part], f"{type(error).__name__}: {in_short(error)}")
            results.save()
        return True
    results.not_run("everything after that", "it was interrupted")
    return False


MEASURE = {
    "patterns": patterns.against_the_limit,
    "alternatives": alternatives.side_by_side,
    "handover": patterns.hand_over,
    "workbook": itself.itself,
    "graders": graders.side_by_side,
}


if __name__ == "__main__":
    main()
