"""Lesson 8: everything together, as in the production flow of `flows/prefect_flow.py`."""

from flows.warehouse import QUERIES
from workbook.exercises import Exercise, expect, lesson_6
from workbook.exercises.lesson_6 import NUMBERS, SECONDS
from workbook.sandbox import Answer, Run


def nightly(answer: Answer) -> None:
    """A night on which trying again helps, and one on which it does not; in between the limit is another."""
    lesson_6.publish_former(answer)
    former = lesson_6.shown(answer)
    slots, other = answer.chance.sample([2, 3], 2)
    indexes = answer.chance.sample(NUMBERS, 2 * slots + 1)
    shaky = answer.chance.choice(indexes[1:])
    lesson_6.with_hang_ups(answer, {shaky: 2})
    with answer.limit("database", slots):
        seen = answer(indexes, SECONDS, gate=answer.gate([(indexes, slots)]))
        expect.tries(seen, dict.fromkeys(indexes, 1) | {shaky: 3}, SECONDS)
        expect.completed(seen)
        expect.limit_kept("database", slots)
        expect.never_above(seen, slots, tag="database")
        expect.all_tagged(seen, indexes, "database")
        expect.peak(seen, slots, indexes, tag="database")
        in_order(seen)
        rows = dict(zip(indexes, expect.rows_of(indexes), strict=True))
        lesson_6.now_published(answer, former, {
            f"{index:02d}_{QUERIES[index].name}.json": {"question": QUERIES[index].question, "rows": rows[index]}
            for index in indexes
        })  # fmt: skip
        expect.result(seen, {
            "queries": len(indexes), "rows": sum(map(len, rows.values())), "output": str(lesson_6.out(answer)),
        })  # fmt: skip
        expect.slots_returned("database")

    before = lesson_6.shown(answer)
    indexes = answer.chance.sample(NUMBERS, 5)
    dead = [indexes[0], answer.chance.choice(indexes[1:])]
    with answer.limit("database", other):
        seen = lesson_6.with_one_held(answer, indexes, dead, tries=3)
        lesson_6.all_asked(seen, indexes, dead[0])
        expect.tries(seen, dict.fromkeys(indexes, 1) | dict.fromkeys(dead, 3), SECONDS)
        expect.limit_kept("database", other)
        expect.never_above(seen, other, tag="database")
        expect.all_tagged(seen, indexes, "database")
        in_order(seen, failed=dead[0])
        lesson_6.still_published(answer, before, dead[0])
        expect.failed(seen, dead)
        expect.slots_returned("database")


def in_order(seen: Run, failed: int | None = None) -> None:
    """The queries, then cleanup1, then cleanup2."""
    first, second = (lesson_6.cleaned_up(seen, name, failed) for name in ("cleanup1", "cleanup2"))
    expect.all_before(first, second, "cleanup1", "cleanup2")


EXERCISES = (
    Exercise(
        id="8.1",
        title="A nightly ETL",
        minutes=45,
        entry="nightly_etl",
        contract=(
            "Write the flow nightly_etl(indexes, seconds), which does for the given queries what main_etl in "
            "flows/prefect_flow.py does for all twenty. Each query is asked with ask(index, seconds) in a task run of "
            "its own with the tag 'database', whose limit the grader sets; it has up to three tries, 0.1 s apart, and "
            "writes {\"question\": …, \"rows\": …} as JSON to a file like 07_revenue_so_far.json. When all have ended, "
            "well or badly, the tasks cleanup1 and then cleanup2 run once each. If all went well, data/out shows the "
            "new files and nothing else, and the flow returns {\"queries\": …, \"rows\": …, \"output\": …}: how many "
            "queries, how many rows in all, and publishing.out() as text. Otherwise data/out stays as it was, and the "
            "flow ends Failed with an error that names the number of every query that failed, and no other."
        ),
        hints=(
            "Take it in steps, and check after each: the task with tag, retries and file; submit and wait; the two "
            "clean-ups; the error with its names; and publishing last.",
            "warehouse.QUERIES[index] has .name and .question. Everything that writes stands in `with "
            "publishing.staging(str(flow_run.id)) as folder:`. wait(futures) waits for all and raises nothing.",
            "Inside the `with`: submit, wait(futures), cleanup1.submit().result(), cleanup2.submit().result(); raise "
            "an error that names those whose future.state is not completed; collect the results; "
            "publishing.publish(folder); return.",
        ),
        grade=nightly,
        seconds=150,  # a pool of processes takes long to start on a busy machine
    ),
)  # fmt: skip
