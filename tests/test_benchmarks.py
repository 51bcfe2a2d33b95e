"""The document of the benchmarks says what its raw results say; nothing is measured here."""

import copy
import json
import re
import sys
from pathlib import Path

import pytest

from conftest import CHECKOUT

sys.path.append(str(CHECKOUT / "scripts"))  # as for `python scripts/benchmark.py`
from benchmarks import alternatives, document, measures, patterns

ROUND = {
    "wall": 2.0,
    "before": 0.5, "after": 0.2, "makespan": 1.2, "ideal": 1.0, "ratio": 1.2, "peak": 3, "per_second": 20.0,
    "lag": 0.1, "requests": 100, "client_cpu": 0.2, "server_cpu": 0.6, "server_megabytes": 250.0, "hand_overs": [],
}  # fmt: skip
ABACUS = {
    "date": "2026-01-02", "system": "Linux", "processor": "Abacus", "cpus": 2, "gigabytes": 8, "load": 0.1,
    "minutes": 30,
}  # fmt: skip
GRADED = {"right": 4, "accepted": 3, "wrong": 7, "refused": 2, "seconds": 1.5}
HAND_OVERS = [[0, 0.01, 0.02, 0.03, 0.04, gap] for gap in (0.3, 0.1, 0.2)]


def case(*ratios: float, **what) -> dict:
    return {**what, "rounds": [{**ROUND, "ratio": ratio} for ratio in ratios]}


def alternative(name: str, ratio: float, peak: int, overlapped: bool | None = True) -> dict:
    described = {"snippet": "threads.py", "setup": "", "seen": "nothing", "lines": 5}
    return case(ratio, name=name, **described, two={**ROUND, "peak": peak, "overlapped": overlapped}, crashed=None)


def limited(seconds: float, *ratios: float, limit: int = 3) -> dict:
    return case(*ratios, pattern="tag_limit", seconds=seconds, count=20, limit=limit, uneven=False)


DATA = {
    "machines": {"patterns": ABACUS}, "versions": {"Python": "3.12.1", "prefect": "3.9.1"}, "quick": False,
    "patterns": [limited(0.1, 1.9, 2.0, 2.5), limited(1.0, 1.2), limited(3.0, 1.0)],
    "alternatives": [alternative("concurrent.futures", 1.04, 6), alternative("Prefect `concurrency()`", 1.3, 3)],
    "handover": [
        {"wait": wait, "seconds": 0.3, "count": 20, "rounds": [{**ROUND, "hand_overs": HAND_OVERS}]}
        for wait in patterns.SLOT_WAITS
    ],
    "workbook": [{"name": "`import workbook`", "rounds": [{"seconds": seconds} for seconds in (0.1, 0.2, 0.3)]}],
    "graders": [{"name": "a grader", "rounds": [GRADED]}],
    "not_run": [{"part": "alternatives", "what": "Airflow pool", "reason": "nobody tried"}],
}  # fmt: skip


def sections(text: str) -> dict[str, str]:
    return {part.partition("\n")[0]: part for part in re.split(r"^#+ ", text, flags=re.MULTILINE)[1:]}


def test_the_document_is_rendered_from_the_results_alone(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "results.json").write_text(json.dumps(DATA), encoding="utf-8")
    found = sections(document.write(tmp_path).read_text(encoding="utf-8"))
    assert "Abacus, 2 CPUs" in found["Benchmarks"] and "prefect 3.9.1" in found["Benchmarks"]
    (row,) = re.findall(r"^\| 3 \|.*", found["How long must a task be?"], re.MULTILINE)
    assert "2.00 (1.90 to 2.50) | 1.20 | 1.00 | about 1.7 s" in row
    assert found["Next to the alternatives"].index("futures") < found["Next to the alternatives"].index("concurrency()")
    assert re.search(r"concurrent.futures.*\| no: 6 at once \| 1.04 \| 5 \|", found["Which limit to use when"])
    assert "100 ms | 200 ms | 300 ms | 3 |" in found["The hand-over"]
    assert "10 ms | 10 ms | 10 ms | 10 ms | 160 ms | 200 ms |" in found["The hand-over"]
    assert "| `import workbook` | 0.20 (0.10 to 0.30) s |" in found["The workbook itself"]
    assert "| a grader | 3 of 4 | 2 of 7 | 1.5 s |" in found["Other graders"]
    assert "- Airflow pool: nobody tried.\n" in found["What was not run"]
    assert {file.name for file in (tmp_path / "benchmarks").glob("*.png")} == {
        "patterns.png", "alternatives.png", "handover.png",
    }  # fmt: skip


@pytest.mark.parametrize("part", ["patterns", "alternatives", "handover", "workbook", "graders"])
def test_a_part_without_results_is_said_to_have_none(part):
    data = copy.deepcopy(DATA) | {part: []}
    assert document.text(data).count(document.ABSENT) >= 1


def test_each_part_says_how_busy_its_machine_was():
    assert "| the patterns against the ideal | Abacus, 2 CPUs, 8 GB, Linux | 2026-01-02 | 0.1 | 30 |" in document.text(
        DATA
    )


def test_from_which_duration_on_a_limit_is_cheap():
    assert measures.cheap_from([(0.1, 1.05), (1.0, 1.0)]) == 0.1
    assert measures.cheap_from([(0.1, 2.0), (1.0, 1.5)]) is None
    assert measures.cheap_from([(0.1, 1.3), (10.0, 0.9)]) == pytest.approx(1.0)
    assert measures.cheap_from([(0.1, 1.0), (0.3, 1.2), (1.0, 1.0)]) == pytest.approx(0.3 * (1 / 0.3) ** 0.5)


def test_a_cap_holds_only_if_both_processes_ran_at_once():
    assert measures.holds(alternative("a", 1.0, 3), 3) == "yes"
    assert measures.holds(alternative("a", 1.0, 4), 3) == "no: 4 at once"
    assert measures.holds(alternative("a", 1.0, 3, overlapped=False), 3).startswith("not shown")
    spans = [{"by": by, "start": start, "end": start + 2} for by, start in (("one", 0), ("other", 1))]
    assert alternatives.overlapped(spans) is True
    assert alternatives.overlapped([spans[0], {"by": "other", "start": 2, "end": 3}]) is False
    assert alternatives.overlapped(spans[:1]) is None


def test_slots_are_back_when_three_run_at_once():
    spans = [{"start": start, "end": start + 2} for start in (0, 1.5, 3, 3.1, 3.2)]
    assert alternatives.first_full(spans) == 3.1
    assert alternatives.first_full(spans[:3]) is None
    assert measures.recovered({"crashed": None}) == "-"
    assert measures.recovered({"crashed": {"full": 61.23, "peak": 3}}) == "61.2 s"
    assert measures.recovered({"crashed": {"full": None, "peak": 2}}) == "never more than 2 at once"


def test_uneven_tasks_take_as_long_together_as_even_ones():
    even, uneven = (patterns.Case("pool", 0.3, 20, 3, uneven=uneven).durations() for uneven in (False, True))
    assert sum(even) == pytest.approx(sum(uneven)) and len(set(even)) == 1 < len(set(uneven))


def test_the_lines_of_a_snippet_are_its_code():
    by_name = {one.snippet: alternatives.lines_of(one) for one in alternatives.ALTERNATIVES}
    assert by_name["threads"] == 5
    assert set(by_name) == {file.stem for file in alternatives.SNIPPETS.glob("*.py")} - {"airflow_run", "timed"}


def test_the_document_here_is_the_one_of_its_results():
    data = json.loads((CHECKOUT / "docs" / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    assert Path(CHECKOUT / "docs" / "benchmarks.md").read_text(encoding="utf-8") == document.text(data)
