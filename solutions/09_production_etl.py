# %% [markdown]
# # 09 · Production ETL
#
# Every night, while I sleep, my shop's flow asks its twenty questions. In this lesson you build the parts that let it
# run unattended: retries, kept results, timeouts, a log, a clean-up that always runs, and publishing all or nothing.
#
# **45 minutes** · three exercises · you need [05 · Pitfalls: futures and failures](05_futures_and_failures.ipynb) and
# [08 · Async and child flows](08_async_and_child_flows.ipynb)

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
#     ├── cleanup1              after every query has completed or failed
#     └── cleanup2              after cleanup1
# ```
#
# This notebook gets its own folder for results, and `flaky` makes the database fail on purpose.

# %%
import asyncio
import os
import tempfile
import time
from collections import Counter

from workbook.work import flaky

os.environ["WORKBOOK_DATA"] = tempfile.mkdtemp(prefix="lesson-09-", dir=server.home())

# %% [markdown]
# ## Retries
#
# A database that fails now may answer a moment later. `retries=2` on a task means two *more* tries after the first.


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
# `flaky({1: 2})` makes query 1 fail twice before it succeeds. In which state will query 1 end without retries, and in
# which with two?

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
# In the figure, query 1 has one row: one task run, with three tries and the delays between them. A loop with `try` and
# `except` inside the task would hide the failed tries from Prefect.

# %% [markdown]
# ### Exercise 9.1 · Retry a query, not the flow
#
# `persistent` returns the rows in order, even if a query fails at first. But its retries repeat *every* query. Fix it:
# retry only the query that failed, with three tries in all, 0.1 s apart, in the same task run. If the third try fails
# too, the flow fails with that query's error.


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
# ## Keep results for a retry
#
# Sometimes you do want to retry a whole flow. With `persist_result=True`, Prefect writes a task's result to disk, and
# the next try of the same flow run finds it there. `asked` counts the queries that reach the database.


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
# Query 3 fails once, so the flow fails and starts again. How many queries will reach the database in all, first without
# kept results and then with them?

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
# *Cached* means that Prefect found the result and didn't run the task. The *cache policy* decides which calls count as
# the same: by default, those with the same inputs, task code and flow run. So tomorrow every query runs again.
#
# <details><summary>Can a result live longer than its run?</summary>
#
# Yes: `cache_policy=INPUTS` looks at the inputs only. Then set `cache_expiration` too, or every morning's report shows
# the same old sales.
# </details>

# %% [markdown]
# ## Timeouts
#
# `timeout_seconds` is meant to end a task run that takes too long. Does it always?


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


# %% [markdown]
# Two queries need 2 s each, and their tasks have a timeout of 0.5 s: one task blocks its thread, the other awaits. How
# many seconds will each task run take?

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
    print(span.task, span.state_name)

# %% [markdown]
# Prefect can't interrupt a thread that waits for a database, so the timeout error comes only when the 2 s are over.
# `ask` reports it as a database error, so the state is Failed, not TimedOut. The async task is TimedOut at 0.5 s, but
# its query goes on in its thread. So set a timeout in the database too: PostgreSQL's `statement_timeout` ends the query
# itself.

# %% [markdown]
# ## Log lines
#
# One task writes a line with `print`, the other with Prefect's logger.


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


# %% [markdown]
# Which of the lines will the server keep: `"yes"` or `"no"` for each?

# %% tags=["guess"]
guess = predict("log lines", printed_line="no", logged_line="yes")

# %%
voices = observe(two_voices)

# %%
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter


def log_of(flow_run_id):
    wanted = LogFilter(flow_run_id={"any_": [flow_run_id]})
    with get_client(sync_client=True) as client:
        return "\n".join(line.message for line in client.read_logs(wanted))


log = ""
while log.count("Finished") < 3:  # the last line of the flow, and of each task
    time.sleep(0.5)
    log = log_of(voices.flow_run_id)
print(log)

# %%
answer = {True: "yes", False: "no"}
guess.compare(printed_line=answer["printed:" in log], logged_line=answer["logged:" in log])

# %% [markdown]
# Lines reach the server a moment late, so the cell waits. The logged line is there, between Prefect's own lines; in a
# terminal, `prefect flow-run logs FLOW_RUN_ID` shows them. With `@flow(log_prints=True)`, as in `main_etl`, the server
# keeps printed lines too.

# %% [markdown]
# ## Clean up after a failure
#
# Even after a failure, the database connections have to be given back, but not while other queries use them. Can
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
# Query 0 fails, and query 1 takes 1.5 s. Will `give_back` run, and will it wait for query 1: `"yes"` or `"no"`?

# %% tags=["guess"]
guess = predict("a clean-up in finally", cleanup_runs="yes", cleanup_waits="no")

# %%
with flaky({0: 99}):
    hasty = observe(in_finally)
hasty.plot()

# %%
cleanup, queries = (hasty.timeline.where(task=name) for name in ("give_back", "one_try"))
waited = hasty.timeline.before(queries, cleanup)
guess.compare(cleanup_runs=answer[len(cleanup) > 0], cleanup_waits=answer[waited])

# %% tags=["nbval-check-output"]
print("clean-ups:", len(cleanup), "- after all queries:", waited, "- flow:", hasty.state.name)

# %% [markdown]
# It runs, but too early: `.result()` raises query 0's error while query 1 is still using its connection.
# `wait(futures)` from lesson 02 waits for all futures and raises nothing.

# %% [markdown]
# ### Exercise 9.2 · A clean-up that always runs
#
# In `tidy`, the clean-up is skipped if a query fails. Fix it: when every query has completed or failed, `cleanup` runs
# once. If all completed, the flow returns the rows in order. Otherwise it fails, and its error names the number of
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
# In the morning I open the folder with the results. Suppose each task writes its file straight into it. Yesterday all
# went well; tonight query 3 fails.


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
# How many different nights will the files in the folder come from?

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
# Each file is right, but the folder mixes two nights. `flows/publishing.py` avoids that: `staging` gives each run its
# own folder. `out()`, the path `data/out`, is a link to one of them, and `publish` switches it in one step.

# %% tags=["nbval-check-output"]
with publishing.staging("tonight") as folder:
    (folder / "answer.txt").write_text("42")
    print("published while writing:", publishing.out().exists())
    publishing.publish(folder)
print("then:", [file.name for file in publishing.out().iterdir()])

# %% [markdown]
# If something raises inside the `with` block, `publish` isn't reached and the link stays as it was.
# `publishing.sweep()`, as in `cleanup2`, removes folders that are neither published nor in use.

# %% [markdown]
# ### Exercise 9.3 · Publish all or nothing
#
# Write `publish_nightly(indexes, seconds)`. It runs the queries side by side. Each `query` writes its file into the
# folder that you pass to it. If all complete, `publishing.out()` shows a new folder with just these files, and the flow
# returns their names in order. If one fails, the flow fails and the previous folder stays published, unchanged.
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
# Now read [flows/prefect_flow.py](../flows/prefect_flow.py) from top to bottom: you'll recognise almost every line. To
# run it, type `.venv/bin/python flows/prefect_flow.py` in the workbook's folder.

# %% [markdown]
# ## Three lines to remember
#
# 1. Retries belong to the task that may fail; with `persist_result=True`, a flow's retry reuses kept results.
# 2. `wait(futures)` first, then clean up, then raise an error that names every failure.
# 3. Write where nobody reads, and publish in one step at the end.
#
# Prefect's documentation: [retries](https://docs.prefect.io/v3/how-to-guides/workflows/retries) ·
# [caching](https://docs.prefect.io/v3/concepts/caching) ·
# [logging](https://docs.prefect.io/v3/how-to-guides/workflows/add-logging). For quick reference: the [cheat
# sheet](../docs/cheat_sheet.md) and the [glossary](../docs/glossary.md).

# %%
progress_report(9)

# %% [markdown]
# Next: [10 · Deploy](10_deploy.ipynb). There the flow runs without a notebook. My solutions to this lesson are in
# [solutions/09_production_etl.ipynb](../solutions/09_production_etl.ipynb).
