# %% [markdown]
# # 09 · Production ETL
#
# Every night, while I sleep, my shop's flow asks its twenty questions. In this lesson you build the parts that let it
# run unattended: retries, kept results, timeouts, a log, a clean-up that always runs, and publishing all or nothing.
#
# **45 minutes** · three exercises · you need [05 · Futures and failures](05_futures_and_failures.ipynb)

# %%
from workbook import check, hint, observe, predict, progress_report, server, solution

server.ensure()

# %% tags=["setup"]
import json
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.futures import wait
from prefect.runtime import flow_run

from flows import publishing, warehouse
from workbook.work import ask

# %% [markdown]
# The whole flow is `flows/prefect_flow.py`. This is its plan:
#
# ```
# main_etl                      publishes all results, or none
# └── sub_etl
#     ├── sql_query 0 … 19      at most three at once, each tried up to three times
#     ├── cleanup1              after every query has ended, well or badly
#     └── cleanup2              after cleanup1
# ```
#
# This notebook gets its own folder for results, and `flaky` lets the database fail on purpose.

# %%
import asyncio
import os
import tempfile
from collections import Counter

from workbook.work import flaky

os.environ["WORKBOOK_DATA"] = tempfile.mkdtemp(prefix="lesson-09-", dir=server.home())

# %% [markdown]
# ## Retries
#
# A database that hangs up now may answer a moment later. `retries=2` on a task means two *more* tries after the
# first.


# %%
@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def three_queries(retries):
    retried = query.with_options(retries=retries, retry_delay_seconds=0.3)
    futures = [retried.submit(index, 0.4) for index in range(3)]
    wait(futures)
    return [future.state.name for future in futures]


# %% [markdown]
# `flaky({1: 2})` makes the database hang up twice on query 1 before it answers. In which state will query 1 end
# without retries, and in which with two?

# %% tags=["guess"]
guess = predict("retries", state_without_retries="Failed", state_with_retries="Completed")

# %%
with flaky({1: 2}):
    without = observe(three_queries, retries=0)
with flaky({1: 2}):
    retried = observe(three_queries, retries=2)
retried.plot()

# %%
guess.compare(state_without_retries=without.result[1], state_with_retries=retried.result[1])

# %% tags=["nbval-check-output"]
print(without.result, retried.result, sep="\n")

# %% [markdown]
# In the figure, query 1 is one bar: one task run, with three tries and the delays between them. Your own loop with
# `try` and `except` would hide that the database hangs up.

# %% [markdown]
# ### Exercise 9.1 · Retry a query, not the flow
#
# `persistent` returns the rows in order, and survives a database that hangs up. But its retries repeat *every* query.
# Fix it: only a query that failed is tried again, three tries in all, 0.1 s apart, in the same task run. If the third
# fails too, the flow fails with an error that names the query.


# %% tags=["exercise-9.1"]
# >>> your code
@task(task_run_name="query-{index}", retries=2, retry_delay_seconds=0.1)
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]


# --- stub
# @task(task_run_name="query-{index}")
# def query(index, seconds):
#     return ask(index, seconds)
#
#
# @flow(retries=2, retry_delay_seconds=0.1)
# def persistent(indexes, seconds):
#     raise NotImplementedError("9.1: fix the retries, then delete this line")
#     futures = [query.submit(index, seconds) for index in indexes]
#     return [future.result() for future in futures]
# <<< your code


# %%
check("9.1", persistent)

# %%
# hint("9.1", 1)

# %%
# hint("9.1", 2)

# %%
# hint("9.1", 3)

# %%
# solution("9.1")

# %% [markdown]
# ## Keep what is done
#
# Sometimes you do want to retry a whole flow. With `persist_result=True`, Prefect writes a task's result to disk. The
# next attempt of the same flow run finds it there. `asked` counts what really reaches the database.


# %%
asked = Counter()


@task(task_run_name="query-{index}")
def counted(index):
    asked[index] += 1
    return len(ask(index, 0.3))


@flow(retries=1)
def night(persist):
    kept = counted.with_options(persist_result=persist)
    futures = [kept.submit(index) for index in range(4)]
    return [future.result() for future in futures]


# %% [markdown]
# The database hangs up once on query 3, so the flow fails and starts again. How many times will a query reach the
# database in all, first without kept results and then with them?

# %% tags=["guess"]
guess = predict("a flow's retry", queries_without_kept_results=8, queries_with_kept_results=5)

# %%
totals = {}
for persist in (False, True):
    asked.clear()
    with flaky({3: 1}):
        repeated = observe(night, persist)
    totals[persist] = asked.total()
repeated.plot()

# %%
guess.compare(queries_without_kept_results=totals[False], queries_with_kept_results=totals[True])

# %% tags=["nbval-check-output"]
print(totals, Counter(span.state_name for span in repeated.timeline))

# %% [markdown]
# *Cached* means that Prefect found the result and didn't run the task. The *cache policy* decides what counts as the
# same: by default the inputs, the task's code and the flow run. So tomorrow's run asks everything again.
#
# <details><summary>Can a result live longer than its run?</summary>
#
# Yes: `cache_policy=INPUTS` leaves the flow run out of it. Then set `cache_expiration` too, or I read yesterday's
# sales every morning.
# </details>

# %% [markdown]
# ## Timeouts
#
# `timeout_seconds` ends a task run that takes too long. Here are two queries of 2 s under a timeout of 0.5 s: one
# blocks its thread, the other is awaited.


# %%
@task(timeout_seconds=0.5)
def blocking(index):
    return ask(index, 2.0)


@task(timeout_seconds=0.5)
async def awaited(index):
    return await asyncio.to_thread(ask, index, 2.0)


@flow
def too_slow():
    wait([blocking.submit(1), awaited.submit(2)])


# %% tags=["guess"]
guess = predict("a timeout", seconds_blocking=2.1, seconds_awaited=0.5)

# %%
slow = observe(too_slow)
slow.plot()

# %%
took = {span.task: span.seconds for span in slow.timeline}
guess.compare(seconds_blocking=took["blocking"], seconds_awaited=took["awaited"])

# %% tags=["nbval-check-output"]
for span in sorted(slow.timeline, key=lambda span: span.end):
    print(span.task, span.state)

# %% [markdown]
# Both failed, but nothing can interrupt a blocking call: Prefect's error arrives when the database has answered. So
# give the *driver* a timeout too. On PostgreSQL that's `statement_timeout`, which also ends the query in the
# database.

# %% [markdown]
# ## Log lines
#
# Two tasks say something, one with `print`, one with Prefect's logger. Which of the lines will the server have
# tomorrow?


# %%
@task
def printing(index):
    print("printed:", warehouse.QUERIES[index].question)


@task
def logging(index):
    get_run_logger().info("logged: %s", warehouse.QUERIES[index].question)


@flow
def two_voices():
    wait([printing.submit(6), logging.submit(6)])


# %% tags=["guess"]
guess = predict("log lines", printed_line="no", logged_line="yes")

# %%
voices = observe(two_voices)

# %%
# !prefect flow-run logs {voices.flow_run_id}

# %%
guess.compare(printed_line="no", logged_line="yes")

# %% [markdown]
# The logged line is there, next to Prefect's own lines, and the web UI shows it with its task run. The printed one is
# gone with this page. `@flow(log_prints=True)` keeps prints too, as `main_etl` does.

# %% [markdown]
# ## Clean up after a failure
#
# When every try has failed, the connections still have to be given back, but not while other queries use them. Does
# Python's `finally` do that?


# %%
@task
def give_back():
    warehouse.engine().dispose()


@task(task_run_name="query-{index}")
def one_try(index, seconds):
    return ask(index, seconds)


@flow
def in_finally():
    futures = [one_try.submit(0, 0.1), one_try.submit(1, 1.5)]
    try:
        return [future.result() for future in futures]
    finally:
        give_back()


# %% [markdown]
# The database hangs up on query 0 for good, while query 1 takes 1.5 s. Will `give_back` run? And will it wait for
# query 1?

# %% tags=["guess"]
guess = predict("a clean-up in finally", clean_up_runs="yes", clean_up_waits="no")

# %%
with flaky({0: 99}):
    hasty = observe(in_finally)
hasty.plot()

# %%
cleanup, queries = (hasty.timeline.where(task=name) for name in ("give_back", "one_try"))
waited = hasty.timeline.before(queries, cleanup)
answer = {True: "yes", False: "no"}
guess.compare(clean_up_runs=answer[len(cleanup) > 0], clean_up_waits=answer[waited])

# %% tags=["nbval-check-output"]
print("clean-ups:", len(cleanup), "- after all queries:", waited, "- flow:", hasty.state.name)

# %% [markdown]
# It runs, but too early: `.result()` raises the error of query 0 at once, and query 1 is still using what is being
# given back. `wait(futures)` from lesson 02 is different: it waits for all futures and raises nothing.

# %% [markdown]
# ### Exercise 9.2 · A clean-up that always runs
#
# In `tidy`, a failed query skips the clean-up. Fix it: when every query has ended, well or badly, `cleanup` runs
# once. If all went well, the flow returns the rows in order. Otherwise it fails, and its error names the number of
# every query that failed, and no other.


# %% tags=["exercise-9.2"]
@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    warehouse.engine().dispose()


@flow
def tidy(indexes, seconds):
    # >>> your code
    futures = {index: query.submit(index, seconds) for index in indexes}
    wait(list(futures.values()))
    cleanup()
    if failed := [index for index, future in futures.items() if not future.state.is_completed()]:
        raise RuntimeError(f"no answer to {failed}")
    return [future.result() for future in futures.values()]
    # --- stub
    # raise NotImplementedError("9.2: fix this flow, then delete this line")
    # futures = [query.submit(index, seconds) for index in indexes]
    # rows = [future.result() for future in futures]
    # cleanup()
    # return rows
    # <<< your code


# %%
check("9.2", tidy)

# %%
# hint("9.2", 1)

# %%
# hint("9.2", 2)

# %%
# hint("9.2", 3)

# %%
# solution("9.2")

# %% [markdown]
# ## Publish in one step
#
# In the morning I open the folder with the results. Suppose each task writes its file straight into it. Yesterday
# went well; tonight the database hangs up on query 3 for good.


# %%
@task
def write_straight(index, night):
    ask(index, 0.2)
    (publishing.data() / f"{index}.txt").write_text(night)


@flow
def straight(night):
    futures = [write_straight.submit(index, night) for index in range(4)]
    return [future.result() for future in futures]


# %% [markdown]
# From how many different nights will the four files be?

# %% tags=["guess"]
guess = predict("files after a bad night", nights=2)

# %%
observe(straight, "yesterday")
with flaky({3: 99}):
    observe(straight, "tonight")
found = {file.name: file.read_text() for file in sorted(publishing.data().glob("*.txt"))}

# %%
guess.compare(nights=len(set(found.values())))

# %% tags=["nbval-check-output"]
print(found)

# %% [markdown]
# Every file is right by itself, and their sum is wrong. `flows/publishing.py` avoids that: each run writes into its
# own folder, `data/out` is a link, and `publish` switches the link in one step.

# %% tags=["nbval-check-output"]
with publishing.staging("tonight") as folder:
    (folder / "answer.txt").write_text("42")
    print("published while writing:", publishing.out().exists())
    publishing.publish(folder)
print("then:", [file.name for file in publishing.out().iterdir()])

# %% [markdown]
# If something raises inside the `with` block, `publish` isn't reached and the link stays as it was. Folders of failed
# runs are removed by a later `publishing.sweep()`; that's what `cleanup2` does.

# %% [markdown]
# ### Exercise 9.3 · Publish all or nothing
#
# If all queries went well, `data/out` shows a new folder with just their files, and `publish_nightly` returns the
# names of the files in order. If one failed, the flow fails and the former folder stays published, untouched.
# `flow_run.id` is a good name for the run's folder.


# %% tags=["exercise-9.3"]
@task(task_run_name="query-{index}")
def query(index, seconds, folder):
    file = Path(folder) / f"{index:02d}.json"
    file.write_text(json.dumps(ask(index, seconds)))
    return file.name


@flow
def publish_nightly(indexes, seconds):
    # >>> your code
    with publishing.staging(str(flow_run.id)) as folder:
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        names = [future.result() for future in futures]
        publishing.publish(folder)
    return names
    # <<< your code


# %%
check("9.3", publish_nightly)

# %%
# hint("9.3", 1)

# %%
# hint("9.3", 2)

# %%
# hint("9.3", 3)

# %%
# solution("9.3")

# %% [markdown]
# Now read [flows/prefect_flow.py](../flows/prefect_flow.py) from top to bottom: you know the reason for every line.
# `python flows/prefect_flow.py` runs it in a terminal.

# %% [markdown]
# ## Three lines to remember
#
# 1. Retries belong to the task that may fail; `persist_result=True` lets a flow's retry keep what is done.
# 2. `wait(futures)` first, then clean up, then raise an error that names every failure.
# 3. Write where nobody reads, and publish in one step at the end.
#
# Prefect's documentation: [retries](https://docs.prefect.io/v3/how-to-guides/workflows/retries) ·
# [caching](https://docs.prefect.io/v3/concepts/caching) ·
# [logging](https://docs.prefect.io/v3/how-to-guides/workflows/add-logging). On one page: the
# [cheat sheet](../docs/cheat_sheet.md) and the [glossary](../docs/glossary.md).

# %%
progress_report(9)

# %% [markdown]
# Next: [10 · Deploy](10_deploy.ipynb). The flow leaves this notebook and runs by itself. My solutions to this lesson
# are in [solutions/09_production_etl.ipynb](../solutions/09_production_etl.ipynb).
