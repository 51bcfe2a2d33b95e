# %% [markdown]
# # 08 · A nightly ETL of your own
#
# No new idea today. You take the template, and make of it a flow that could run in my shop tonight: under the limit,
# patient with the database, tidy, and published all or not at all. It is compared with the flow that runs there now.
#
# About 60 minutes, one exercise.

# %%
from workbook import check, hint, observe, progress_report, server

server.ensure()

# %% tags=["setup"]
import json
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.futures import wait
from prefect.runtime import flow_run

from flows import publishing, warehouse
from workbook.work import ask

# %%
import os
import tempfile

from workbook.limits import ensure_limit
from workbook.plots import comparison
from workbook.work import flaky

os.environ["WORKBOOK_DATA"] = tempfile.mkdtemp(prefix="lesson-08-", dir=server.home())
warehouse.prepare()
ensure_limit("database", 3)

# %% [markdown]
# ## What it has to be as good as
#
# The flow in use is `main_etl` of `flows/prefect_flow.py`. You know every part of it from lesson 06. Predict its run
# once more: seconds from the first start to the last end, and how many at once at the most.

# %%
prediction = (None, None)  # seconds, at most at once

# %%
from flows.prefect_flow import main_etl

reference = observe(main_etl)
reference.plot(limit=3, prediction=prediction)

# %% [markdown]
# This is what it leaves behind, and what it says:


# %%
def published():
    return {file.name: json.loads(file.read_text()) for file in sorted(publishing.out().iterdir())}


expected = published()

# %% tags=["nbval-check-output"]
print(len(expected), "files, the first:", min(expected))
print(sorted(expected[min(expected)]), sorted(reference.result))
print(reference.state.name, {span.task: span.state for span in reference.timeline})

# %% [markdown]
# ## Where you begin
#
# `flows/template.py` is the starting point for a flow of one's own. Its task doubles a number; its shape is the one
# you need. Its ten tasks have a tag, `my-flow`: does that hold any of them back?

# %%
from flows.template import my_flow

start = observe(my_flow)
start.plot()

# %% tags=["nbval-check-output"]
print(start.state.name, [done["result"] for done in start.result])

# %% [markdown]
# Submit all, then collect; retries; a logger; a return value. What does it lack? Write your list before you open mine.
#
# <details><summary>My list</summary>
#
# 1. Its tag has no limit, and nobody shares it. The database is shared: the tag is `database`.
# 2. `.result()` raises the first error. What stands behind it is skipped, and other failures are not named.
# 3. No clean-up.
# 4. The results are in memory only: nothing is written, let alone published as a whole.
# 5. A delay of ten seconds between tries is right for the night, and long for an exercise: 0.1 s here.
#
# </details>

# %% [markdown]
# ## Parts that are given
#
# Writing a file and the two clean-ups are no riddles, so here they are. `save` returns how many rows it has written.


# %% tags=["setup"]
def save(folder, index, rows):
    known = warehouse.QUERIES[index]
    file = Path(folder) / f"{index:02d}_{known.name}.json"
    file.write_text(json.dumps({"question": known.question, "rows": rows}))
    get_run_logger().info("%s: %d rows", known.name, len(rows))
    return len(rows)


@task
def cleanup1():
    warehouse.engine().dispose()


@task
def cleanup2():
    publishing.sweep()


# %% [markdown]
# ### Exercise 8.1: a nightly ETL (45 minutes)
#
# Write the task `query` and the flow `nightly_etl(indexes, seconds)`, which does for the given queries what `main_etl`
# does for all twenty:
#
# - **Query**: `ask(index, seconds)` in a task run of its own, tag `database`, three tries in all, 0.1 s apart; then
#   `save`.
# - **Clean up**: when every query has ended, well or badly, `cleanup1`, and after it `cleanup2`, once each.
# - **Fail loudly**: if queries failed, the flow ends Failed. Its error names the number of each, and no other.
#   `data/out` stays as it was.
# - **Publish**: otherwise `data/out` shows the new files and nothing else, and the flow returns a dict with `queries`
#   (how many), `rows` (how many in all) and `output` (`publishing.out()` as text).
#
# Take it in steps. `check` tells you the first thing that is missing, and the cells below show how your flow runs.


# %% tags=["exercise-8.1"]
# >>> your code
@task(task_run_name="query-{index}", tags=["database"], retries=2, retry_delay_seconds=0.1)
# --- stub
# @task(task_run_name="query-{index}")
# <<< your code
def query(index, seconds, folder):
    return save(folder, index, ask(index, seconds))


@flow(name="nightly-etl")
def nightly_etl(indexes, seconds):
    # >>> your code
    with publishing.staging(str(flow_run.id)) as folder:
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        wait(futures)
        cleanup1.submit().result()
        cleanup2.submit().result()
        if failed := [i for i, f in zip(indexes, futures, strict=True) if f.state.is_failed()]:
            raise RuntimeError(f"no answer to {failed}")
        publishing.publish(folder)
    rows = sum(f.result() for f in futures)
    return {"queries": len(futures), "rows": rows, "output": str(publishing.out())}
    # <<< your code


# %%
check("8.1", nightly_etl)

# %%
# hint("8.1", 1)

# %%
# hint("8.1", 2)

# %%
# hint("8.1", 3)

# %% [markdown]
# ## A good night
#
# Your flow beside the one in use: all twenty queries, with the time that each takes, and one of them flaky. Is
# anything in your figure that is not in the other?

# %%
former = publishing.out().resolve()
with flaky({6: 1}):
    mine = observe(nightly_etl, range(20), None)
comparison({"in use": reference.timeline, "mine": mine.timeline}, {"in use": 3, "mine": 3})

# %%
print(mine.state.name, mine.result)
print("a new folder:", publishing.out().resolve() != former)
print("the same files, with the same rows:", published() == expected)

# %% [markdown]
# <details><summary>What I see</summary>
#
# Nearly the same. Query 6 has a second try, and keeps its slot while it waits. Where a curve dips below three in the
# middle, a slot is being handed over: the price of a limit that the server holds. In return, the two flows could run
# at the same time, and there would still be no more than three queries at once.
#
# </details>

# %% [markdown]
# ## A bad night
#
# Now the database hangs up on query 7 for good. Predict: how many bars, which is the last, and what is published
# afterwards?

# %%
prediction = (None, None)  # seconds, at most at once

# %%
with flaky({7: 99}):
    bad = observe(nightly_etl, range(6, 12), 0.4)
bad.plot(limit=3, prediction=prediction)

# %%
print(bad.state.message)
print("published is what was before:", published() == expected)

# %% [markdown]
# **Look at the figure.** How many tries are in the failed bar? Did the clean-ups run?
#
# <details><summary>What I see</summary>
#
# Three tries, with a short wait between them, in one bar. The others ran on, each to its end; then both clean-ups;
# then the flow failed, with the one number that I need in the morning. The folder is yesterday's, whole.
#
# </details>

# %% [markdown]
# ## The end
#
# Put your flow into a file beside `flows/prefect_flow.py`, and deploy it as in lesson 07: it needs nothing of this
# notebook but `ask`, and `warehouse.query` does the same.

# %%
progress_report(8)

# %% [markdown]
# My own answer is in [the solved notebook](../solutions/08_capstone.ipynb). What is left over from the other lessons
# is in the list that `workbook list` prints; the guides in `docs/` go further where you want to.
