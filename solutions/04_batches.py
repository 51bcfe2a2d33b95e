# %% [markdown]
# # 04 · Batches
#
# A *batch* is a group of queries that run together; the next batch starts when all of them have ended. In this lesson
# you use the moment between two batches for progress reports and checkpoints, and you measure what the waiting costs.
#
# **45 minutes** · three exercises · you need [03 · Server-side limits](03_server_side_limits.ipynb)

# %%
from workbook import check, hint, live, observe, predict, progress_report, server, solution

server.ensure()

# %% [markdown]
# `query` is the task from lesson 00, without a tag. `save` is for the second half of this lesson.

# %% tags=["setup"]
import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


def save(file, answers):
    new = Path(file).with_suffix(".new")
    new.write_text(json.dumps(answers))
    new.replace(file)


# %% [markdown]
# ## Run one batch at a time
#
# This flow gets its queries in groups, such as `[[0, 1, 2], [3, 4, 5]]`. It submits one group, collects its results,
# and goes on to the next. The task has no tag, so no limit is involved.


# %%
@flow
def in_groups(batches, seconds=None):
    rows = []
    for batch in batches:
        futures = [query.submit(index, seconds) for index in batch]
        rows += [future.result() for future in futures]
    return rows


# %% [markdown]
# Nine queries of 0.4 seconds, in three batches. How long will they take, and how many will run at once?

# %% tags=["guess"]
guess = predict("equal queries in batches", seconds=1.2, at_once=3)

# %%
nine = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
even = observe(in_groups, nine, 0.4, live=live(prediction=guess))

# %%
guess.compare(even)

# %% [markdown]
# Anything over 1.2 s is Prefect's own work. Compare this run with the limit of lesson 03. There, all queries were
# submitted at once and waited for slots. Here, the flow itself submits a query only when its batch is due.

# %% tags=["nbval-check-output"]
print(len(even.result), "results, more than 3 at once:", even.timeline.peak > 3)

# %% [markdown]
# <details><summary>Do batches protect the database, like a limit?</summary>
#
# Only from this flow run. Another flow, or a second run of this one, doesn't know about these batches. If the database
# must be safe from all of them, you need a limit on the server.
# </details>

# %% [markdown]
# ## Report progress
#
# Between two batches, nothing runs. That's a good moment to say how far you've come.


# %%
@flow
def with_progress(batches):
    rows = []
    for number, batch in enumerate(batches, start=1):
        futures = [query.submit(index, 0.2) for index in batch]
        rows += [future.result() for future in futures]
        print(f"batch {number} of {len(batches)}: {len(rows)} queries answered")
    return rows


# %% tags=["nbval-check-output"]
steady = observe(with_progress, nine)

# %% [markdown]
# ## The price of the barrier
#
# The end of a batch is a *barrier*: the next batch can't start until the slowest query has ended. Real queries are
# uneven. Here is how many seconds each of the first twelve usually takes:

# %%
from flows.warehouse import QUERIES

print([QUERIES[index].seconds for index in range(12)])

# %% [markdown]
# Without `seconds`, each takes its usual time. I run them twice: in batches of three, and in a pool whose three threads
# never wait for a batch.

# %%
from prefect.task_runners import ThreadPoolTaskRunner


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def three_threads(indexes):
    futures = [query.submit(index, None) for index in indexes]
    return [future.result() for future in futures]


# %% [markdown]
# How long will each of the two take?

# %% tags=["guess"]
guess = predict("uneven queries in batches", seconds_batches=3.3, seconds_threads=2.3)

# %%
from workbook.plots import comparison

batches = observe(in_groups, [*nine, [9, 10, 11]])
threads = observe(three_threads, range(12))
comparison({"batches": batches.timeline, "threads": threads.timeline})

# %%
guess.compare(seconds_batches=batches.timeline.makespan, seconds_threads=threads.timeline.makespan)

# %% tags=["nbval-check-output"]
print("the same answers:", batches.result == threads.result)

# %% [markdown]
# In the upper run, the empty space to the right of a short bar is the price: the next query could run there, but it
# waits for the slowest bar. `explain` adds it up. It calls each place in a batch a *slot*, and leaves out the last
# batch, because no other batch waits for it. The *makespan* is the time from the first start to the last end.

# %%
from workbook.diagnosis import explain

explain(batches.timeline)

# %% [markdown]
# <details><summary>When does the barrier cost next to nothing?</summary>
#
# When all queries of a batch take about equally long. If you know roughly how long your queries take, sort them by
# that, so that each batch holds queries of similar length.
# </details>
#
# <details><summary>When are batches worth their price?</summary>
#
# When you need the moment in between, for a checkpoint, a progress report or a decision to stop. They also help when
# another system accepts work only in chunks.
# </details>

# %% [markdown]
# ## Save a checkpoint
#
# A *checkpoint* is a file that says what is done so far. `save`, at the top of this lesson, writes a new file and then
# replaces the old one with it. So a crash in the middle of writing can't damage the old checkpoint.


# %%
@flow
def with_checkpoint(batches, file):
    rows = []
    for batch in batches:
        futures = [query.submit(index, 0.3) for index in batch]
        rows += [future.result() for future in futures]
        save(file, rows)
    return rows


# %% [markdown]
# Three batches of three queries; the last batch has query 99, which doesn't exist. How will the flow end, and how many
# answers will be in the file?

# %% tags=["guess"]
guess = predict("a failure in the last batch", state="Failed", answers_saved=6)

# %%
import tempfile

file = Path(tempfile.mkdtemp(prefix="lesson-04-", dir=server.home())) / "checkpoint.json"
failed = observe(with_checkpoint, [[0, 1, 2], [3, 4, 5], [6, 99, 8]], file)
failed.plot()

# %%
saved = json.loads(file.read_text())
guess.compare(failed, answers_saved=len(saved))

# %% tags=["nbval-check-output"]
print(failed.state.name, "with", len(saved), "answers in the checkpoint")

# %% [markdown]
# <details><summary>Two queries of the last batch succeeded. Where are their answers?</summary>
#
# They are lost, because the flow saves only complete batches. With smaller batches you lose less, and you wait at more
# barriers.
# </details>

# %% [markdown]
# ## Resume
#
# With the checkpoint, you don't start from scratch. Two batches are saved, so only the third has to run, now with query
# 7 in place of 99.

# %%
rest = observe(in_groups, [[6, 7, 8]], 0.3)
rows = saved + rest.result

# %% tags=["nbval-check-output"]
print(len(rest.timeline), "queries run,", len(rows), "answers")
print("the same as without a failure:", rows == even.result)

# %% [markdown]
# ### Exercise 4.1 · Cut a list into batches
#
# Write the flow `in_batches(indexes, seconds, size)`. It cuts `indexes` into batches of `size`; the last one may be
# shorter. A batch starts when the one before it has ended. Return a list with the rows of each query, in the order of
# `indexes`.


# %% tags=["exercise-4.1"]
@flow
def in_batches(indexes, seconds, size):
    # >>> your code
    rows = []
    for first in range(0, len(indexes), size):
        futures = [query.submit(index, seconds) for index in indexes[first : first + size]]
        rows += [future.result() for future in futures]
    return rows
    # <<< your code


# %%
check("4.1", in_batches)

# %%
# hint("4.1", 1)

# %%
# hint("4.1", 2)

# %%
# hint("4.1", 3)

# %%
# solution("4.1")

# %% [markdown]
# ### Exercise 4.2 · Resume from a checkpoint
#
# Write the flow `resume(indexes, seconds, size, checkpoint)`. It runs `indexes` in batches of `size`. After each batch,
# it saves everything that a later run needs; the path of the file is `checkpoint`. The first run finds no file there.
# If a query fails, so does the flow. That is what happens in the check's first run: one query doesn't exist. The check
# then puts an existing one in its place and runs the flow again, in a new process, with a copy of the file at another
# path. This second run must not repeat a query of a finished batch. Return a list with the rows of each query, in
# order.


# %% tags=["exercise-4.2"]
@flow
def resume(indexes, seconds, size, checkpoint):
    # >>> your code
    file = Path(checkpoint)
    answers = json.loads(file.read_text()) if file.exists() else {}
    left = [index for index in indexes if str(index) not in answers]
    for first in range(0, len(left), size):
        batch = left[first : first + size]
        futures = [query.submit(index, seconds) for index in batch]
        answers |= {str(index): future.result() for index, future in zip(batch, futures)}
        save(file, answers)
    return [answers[str(index)] for index in indexes]
    # <<< your code


# %%
check("4.2", resume)

# %%
# hint("4.2", 1)

# %%
# hint("4.2", 2)

# %%
# hint("4.2", 3)

# %%
# solution("4.2")

# %% [markdown]
# ### Exercise 4.3 · What do the barriers cost?
#
# Write the function `barrier_price(durations, size)`. It returns the price of the barriers: the makespan in batches of
# `size`, minus the makespan under a limit of `size`. Both start the tasks in the order of the list, and Prefect itself
# takes no time. Without tasks, the price is 0. For the start times under the limit, copy your `schedule` (3.4) to the
# top of the cell, above the marks.

# %% tags=["exercise-4.3"]
import heapq


def barrier_price(durations, size):
    # >>> your code
    places = range(0, len(durations), size)
    in_batches = sum(max(durations[place : place + size]) for place in places)
    slots = [0] * size
    for seconds in durations:
        heapq.heappush(slots, heapq.heappop(slots) + seconds)
    return in_batches - max(slots)
    # <<< your code


# %%
check("4.3", barrier_price)

# %%
# hint("4.3", 1)

# %%
# hint("4.3", 2)

# %%
# hint("4.3", 3)

# %%
# solution("4.3")

# %% [markdown]
# ## Three lines to remember
#
# 1. A batch ends when its slowest query ends; with uneven queries you pay for that.
# 2. The moment between two batches is yours: report progress, save a checkpoint, or stop.
# 3. Batches limit one flow run. Only a limit on the server protects the database from all flows.
#
# Prefect's documentation: [run work
# concurrently](https://docs.prefect.io/v3/how-to-guides/workflows/run-work-concurrently) · [task
# runners](https://docs.prefect.io/v3/concepts/task-runners) · [persist
# results](https://docs.prefect.io/v3/advanced/results). For quick reference: the [cheat sheet](../docs/cheat_sheet.md)
# and the [glossary](../docs/glossary.md).

# %%
progress_report(4)

# %% [markdown]
# Next: [05 · Pitfalls: futures and failures](05_futures_and_failures.ipynb). What if a task fails and nobody notices?
# My solutions to this lesson are in [solutions/04_batches.ipynb](../solutions/04_batches.ipynb).
