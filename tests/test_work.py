"""The gate at which the queries of answers meet, and how many were in flight at once."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import warehouse
from workbook.lessons import query_records
from workbook.lessons.gate import GATE, gate, in_flight, together
from workbook.lessons.queries import ask
from workbook.lessons.query_records import RECORDS, QueryRecord, read_records

pytestmark = pytest.mark.second

MOMENTS = st.integers(0, 12)
RECORDS_OF_A_RUN = st.lists(
    st.builds(
        lambda index, start, length: QueryRecord(index, 0.1, None, None, start, start + length),
        st.integers(0, 4), MOMENTS, st.integers(1, 5),
    ),
    max_size=8,
)  # fmt: skip
GROUPS = st.lists(st.tuples(st.lists(st.integers(0, 4), unique=True), st.integers(0, 4)), min_size=1, max_size=3)


@given(RECORDS_OF_A_RUN, GROUPS)
def test_together_and_in_flight_agree_with_looking_at_every_moment(records, meeting):
    def going_on(indexes, moment):
        return len([query for query in records if query.index in indexes and query.start <= moment < query.end])

    moments = range(20)
    met = any(all(going_on(indexes, moment) >= count for indexes, count in meeting) for moment in moments)
    assert together(records, meeting) == (met and bool(records))
    for indexes, _ in meeting:
        assert in_flight(records, indexes) == max(going_on(indexes, moment) for moment in moments)


@pytest.fixture
def queries(tmp_path, monkeypatch):
    """Queries of no length that pass a gate, each in its own thread: start them with `begin(index)`."""
    monkeypatch.setenv(RECORDS, str(tmp_path / "queries.jsonl"))
    monkeypatch.setattr(warehouse, "query", lambda index, seconds: [])
    (tmp_path / "gate").mkdir()
    threads = []

    class Queries:
        folder: Path = tmp_path / "gate"

        def meet(self, *meetings):
            monkeypatch.setenv(GATE, gate(self.folder, meetings))

        def begin(self, index):
            threads.append(threading.Thread(target=ask, args=(index, 0)))
            threads[-1].start()

        def records(self):
            for thread in threads:
                thread.join(60)
            return read_records(tmp_path / "queries.jsonl")

    return Queries()


def test_queries_wait_until_as_many_as_wanted_are_there(queries):
    queries.meet([([0, 1, 2], 3)])
    for index in range(3):
        queries.begin(index)
    assert in_flight(queries.records(), [0, 1, 2]) == 3
    assert not (queries.folder / "open").exists()


def test_two_groups_meet_at_the_same_moment(queries):
    meeting = [([0, 1], 2), ([2, 3, 4], 2)]
    queries.meet(meeting)
    for index in (0, 2, 3, 1):
        queries.begin(index)
    assert together(queries.records(), meeting)


def test_one_batch_after_the_other(queries):
    batches = [([0, 1], 2)], [([2, 3], 2)]
    queries.meet(*batches)
    queries.begin(0)
    queries.begin(1)
    assert together(queries.records(), batches[0])
    queries.begin(2)
    queries.begin(3)
    assert together(queries.records(), batches[1])


def test_a_query_without_company_waits_once_and_nobody_after_it(queries):
    queries.meet([([0, 1, 2], 2)])
    queries.begin(0)
    assert in_flight(queries.records(), [0, 1, 2]) == 1
    assert (queries.folder / "open").exists()
    queries.begin(1)
    assert len(queries.records()) == 2  # it passed, although nobody came to meet it


def test_a_query_of_no_meeting_passes(queries):
    queries.meet([([0, 1], 2)])
    queries.begin(5)
    assert [query.index for query in queries.records()] == [5]
    assert not list(queries.folder.glob("in-*"))


def test_a_file_of_other_things_holds_no_records(tmp_path):
    file = tmp_path / "queries.jsonl"
    assert read_records(file) == []
    for garbage in ("[]", "7", "{}", "{", '{"index": 1}', "\x00"):
        file.write_text(garbage, encoding="utf-8")
        with pytest.raises(ValueError):
            read_records(file)


def test_the_first_record_is_kept_when_another_thread_makes_the_file_meanwhile(tmp_path, monkeypatch):
    """Whichever look at the file comes first: another query makes it right after that look."""
    monkeypatch.setenv(RECORDS, str(tmp_path / "queries.jsonl"))

    def looked(real):
        def look(path):
            found = real(path)
            path.touch()
            return found

        return look

    for name in ("exists", "is_file"):
        monkeypatch.setattr(Path, name, looked(getattr(Path, name)))
    query_records.record(QueryRecord(3, 0.1, None, None, 1.0, 2.0))
    assert [query.index for query in read_records(tmp_path / "queries.jsonl")] == [3]
