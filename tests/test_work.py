"""The gate at which the queries of answers meet, and how many were in flight at once."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import warehouse
from workbook import work
from workbook.work import GATE, NOTES, Note, ask, gate, in_flight, read_notes, together

MOMENTS = st.integers(0, 12)
NOTES_OF_A_RUN = st.lists(
    st.builds(
        lambda index, start, length: Note(index, 0.1, None, None, start, start + length),
        st.integers(0, 4), MOMENTS, st.integers(1, 5),
    ),
    max_size=8,
)  # fmt: skip
GROUPS = st.lists(st.tuples(st.lists(st.integers(0, 4), unique=True), st.integers(0, 4)), min_size=1, max_size=3)


@given(NOTES_OF_A_RUN, GROUPS)
def test_together_and_in_flight_agree_with_looking_at_every_moment(notes, meeting):
    def going_on(indexes, moment):
        return len([note for note in notes if note.index in indexes and note.start <= moment < note.end])

    moments = range(20)
    met = any(all(going_on(indexes, moment) >= count for indexes, count in meeting) for moment in moments)
    assert together(notes, meeting) == (met and bool(notes))
    for indexes, _ in meeting:
        assert in_flight(notes, indexes) == max(going_on(indexes, moment) for moment in moments)


@pytest.fixture
def queries(tmp_path, monkeypatch):
    """Queries of no length that pass a gate, each in its own thread: start them with `begin(index)`."""
    monkeypatch.setenv(NOTES, str(tmp_path / "notes.jsonl"))
    monkeypatch.setattr(warehouse, "query", lambda index, seconds: [])
    monkeypatch.setattr(work, "_prepared", lambda database: None)
    (tmp_path / "gate").mkdir()
    threads = []

    class Queries:
        folder: Path = tmp_path / "gate"

        def meet(self, *meetings):
            monkeypatch.setenv(GATE, gate(self.folder, meetings))

        def begin(self, index):
            threads.append(threading.Thread(target=ask, args=(index, 0)))
            threads[-1].start()

        def notes(self):
            for thread in threads:
                thread.join(60)
            return read_notes(tmp_path / "notes.jsonl")

    return Queries()


def test_queries_wait_until_as_many_as_wanted_are_there(queries):
    queries.meet([([0, 1, 2], 3)])
    for index in range(3):
        queries.begin(index)
    assert in_flight(queries.notes(), [0, 1, 2]) == 3
    assert not (queries.folder / "open").exists()


def test_two_groups_meet_at_the_same_moment(queries):
    meeting = [([0, 1], 2), ([2, 3, 4], 2)]
    queries.meet(meeting)
    for index in (0, 2, 3, 1):
        queries.begin(index)
    assert together(queries.notes(), meeting)


def test_one_batch_after_the_other(queries):
    batches = [([0, 1], 2)], [([2, 3], 2)]
    queries.meet(*batches)
    queries.begin(0)
    queries.begin(1)
    assert together(queries.notes(), batches[0])
    queries.begin(2)
    queries.begin(3)
    assert together(queries.notes(), batches[1])


def test_a_query_without_company_waits_once_and_nobody_after_it(queries):
    queries.meet([([0, 1, 2], 2)])
    queries.begin(0)
    assert in_flight(queries.notes(), [0, 1, 2]) == 1
    assert (queries.folder / "open").exists()
    queries.begin(1)
    assert len(queries.notes()) == 2  # it passed, although nobody came to meet it


def test_a_query_of_no_meeting_passes(queries):
    queries.meet([([0, 1], 2)])
    queries.begin(5)
    assert [note.index for note in queries.notes()] == [5]
    assert not list(queries.folder.glob("in-*"))


def test_what_is_in_no_note_is_no_note(tmp_path):
    file = tmp_path / "notes.jsonl"
    assert read_notes(file) == []
    for garbage in ("[]", "7", "{}", "{", '{"index": 1}', "\x00"):
        file.write_text(garbage)
        with pytest.raises(ValueError):
            read_notes(file)
