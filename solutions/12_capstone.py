# %% [markdown]
# # 12 · Capstone
#
# No new ideas today. You see what my template lacks, and build a flow that could run in my shop tonight: with a limit,
# retries, clean-ups and all-or-nothing results. You build it in four steps, each with its own check.
#
# **45 minutes** · four exercises · you need [09 · Production ETL](09_production_etl.ipynb)

# %%
from workbook import check, hint, live, observe, predict, progress_report, server, solution

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
# This notebook has its own folder for results; the text calls it `data/`. The limit on the tag `database` is the one
# from lesson 03; `flaky` makes the database fail on purpose.

# %%
import os
import tempfile

from workbook.limits import ensure_limit
from workbook.work import flaky

ensure_limit("database", 3)
os.environ["WORKBOOK_DATA"] = tempfile.mkdtemp(prefix="lesson-12-", dir=server.home())

# %% [markdown]
# ## The template
#
# `flows/template.py` is where every new flow of mine begins. Here are its task and its flow, shortened:


# %%
@task(tags=["my-flow"], retries=2, retry_delay_seconds=10)
def my_task(param):
    return {"param": param, "result": param * 2}


@flow(name="my-flow", log_prints=True)
def my_flow():
    futures = [my_task.submit(i) for i in range(10)]
    return [future.result() for future in futures]


# %%
start = observe(my_flow)
start.plot()

# %% tags=["nbval-check-output"]
print(start.state.name, [done["result"] for done in start.result])

# %% [markdown]
# What does it lack for a night in my shop? Make your own list before you open mine.
#
# <details><summary>My list</summary>
#
# 1. Its tag is `my-flow`, so my database's limit, on the tag `database`, doesn't hold for it.
# 2. There is no clean-up.
# 3. If two tasks fail, `.result()` names only the first.
# 4. The results stay in memory: nothing is written or published.
#
# </details>

# %% [markdown]
# Those are your four steps. The next cell gives you two clean-ups, as in lesson 09, and `save`, which writes a query's
# rows to a file and returns how many there are.


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
# ### Exercise 12.1 · Queries under a limit
#
# Submit each query as a task run with the tag `database` and three tries in all, 0.1 s apart. The code below already
# saves the rows in the run's folder. The flow returns a list with the number of rows of each query, in the
# order of `indexes`.


# %% tags=["exercise-12.1"]
# >>> your code
@task(task_run_name="query-{index}", tags=["database"], retries=2, retry_delay_seconds=0.1)
# --- stub
# @task(task_run_name="query-{index}")
# <<< your code
def query(index, seconds, folder):
    return save(folder, index, ask(index, seconds))


@flow(name="nightly-etl")
def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        # >>> your code
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        return [future.result() for future in futures]
        # <<< your code


# %%
check("12.1", nightly_etl)

# %%
# hint("12.1", 1)

# %%
# hint("12.1", 2)

# %%
# hint("12.1", 3)

# %%
# solution("12.1")

# %% [markdown]
# Nine queries take 0.6 s each, and query 6 fails once. How long will your flow take, and how many queries will run at
# once?

# %% tags=["guess"]
guess = predict("nine queries under the limit", seconds=2.2, at_once=3)

# %%
with flaky({6: 1}):
    limited = observe(nightly_etl, range(9), 0.6, live=live(limit=3, prediction=guess))

# %%
guess.compare(limited)

# %% [markdown]
# Query 6 was tried twice: the failed try is the small cross before the dotted delay. The query keeps its slot during
# the delay, as in lesson 06.

# %% [markdown]
# ### Exercise 12.2 · Two clean-ups in order
#
# Copy your task and your flow from 12.1 into the next cell. In the `with` block, when every query has ended, `cleanup1`
# runs once, and then `cleanup2`. If a query failed at every try, the flow still ends Failed.
#
# No working 12.1? `solution("12.1")` shows you where to start.


# %% tags=["exercise-12.2"]
# >>> your code
@task(task_run_name="query-{index}", tags=["database"], retries=2, retry_delay_seconds=0.1)
def query(index, seconds, folder):
    return save(folder, index, ask(index, seconds))


@flow(name="nightly-etl")
def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        wait(futures)
        cleanup1()
        cleanup2()
        return [future.result() for future in futures]


# --- stub
# # Your task `query` from 12.1 goes here.
#
#
# @flow(name="nightly-etl")
# def nightly_etl(indexes, seconds):
#     raise NotImplementedError("12.2: your flow from 12.1, and about 3 lines more")
# <<< your code


# %%
check("12.2", nightly_etl)

# %%
# hint("12.2", 1)

# %%
# hint("12.2", 2)

# %%
# hint("12.2", 3)

# %%
# solution("12.2")

# %% [markdown]
# Tonight queries 7 and 9 fail at every try. Your flow runs queries 6 to 11. Which task ends last, `"query"`,
# `"cleanup1"` or `"cleanup2"`, and how many of the two failures does the error name?

# %% tags=["guess"]
guess = predict("two failures", last_task="cleanup2", failures_named=1)

# %%
with flaky({7: 99, 9: 99}):
    bad = observe(nightly_etl, range(6, 12), 0.4)
bad.plot(limit=3)

# %%
last = max(bad.timeline, key=lambda span: span.end or 0, default=None)
named = sum(f"query {index}" in str(bad.error) for index in (7, 9))
guess.compare(last_task=last and last.task, failures_named=named)

# %%
print(bad.state.name, "-", bad.error)

# %% [markdown]
# Both clean-ups ran, and the flow ended Failed. But the error tells only half of what I need to know in the morning:
# the first `.result()` that raises ends the flow.

# %% [markdown]
# ### Exercise 12.3 · An error that names every failure
#
# Fix that: copy your task and your flow from 12.2 into the next cell. If queries fail, the flow ends with an error that
# names all their numbers and no others. The clean-ups stay where they are.


# %% tags=["exercise-12.3"]
# >>> your code
@task(task_run_name="query-{index}", tags=["database"], retries=2, retry_delay_seconds=0.1)
def query(index, seconds, folder):
    return save(folder, index, ask(index, seconds))


@flow(name="nightly-etl")
def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        wait(futures)
        cleanup1()
        cleanup2()
        if failed := [i for i, f in zip(indexes, futures, strict=True) if f.state.is_failed()]:
            raise RuntimeError(f"no answer to {failed}")
        return [future.result() for future in futures]


# --- stub
# # Your task `query` goes here.
#
#
# @flow(name="nightly-etl")
# def nightly_etl(indexes, seconds):
#     raise NotImplementedError("12.3: your flow from 12.2, and about 2 lines more")
# <<< your code


# %%
check("12.3", nightly_etl)

# %%
# hint("12.3", 1)

# %%
# hint("12.3", 2)

# %%
# hint("12.3", 3)

# %%
# solution("12.3")

# %% [markdown]
# ### Exercise 12.4 · Publish all or nothing
#
# The last step: copy your task and your flow from 12.3 into the next cell. If all queries complete, `data/out` shows
# the new files and nothing else, and the flow returns a dict with `queries` (how many), `rows` (how many in all) and
# `output` (`publishing.out()` as text). After a failure, `data/out` stays as it was.


# %% tags=["exercise-12.4"]
# >>> your code
@task(task_run_name="query-{index}", tags=["database"], retries=2, retry_delay_seconds=0.1)
def query(index, seconds, folder):
    return save(folder, index, ask(index, seconds))


@flow(name="nightly-etl")
def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        wait(futures)
        cleanup1()
        cleanup2()
        if failed := [i for i, f in zip(indexes, futures, strict=True) if f.state.is_failed()]:
            raise RuntimeError(f"no answer to {failed}")
        publishing.publish(folder)
    rows = sum(future.result() for future in futures)
    return {"queries": len(futures), "rows": rows, "output": str(publishing.out())}


# --- stub
# # Your task `query` goes here.
#
#
# @flow(name="nightly-etl")
# def nightly_etl(indexes, seconds):
#     raise NotImplementedError("12.4: your flow from 12.3, and about 3 lines more")
# <<< your code


# %%
check("12.4", nightly_etl)

# %%
# hint("12.4", 1)

# %%
# hint("12.4", 2)

# %%
# hint("12.4", 3)

# %%
# solution("12.4")

# %% [markdown]
# ## A good night, then a bad one
#
# Each night, your flow runs six queries. The first night goes well; on the next, query 7 fails at every try. How many
# files will `data/out` show after each?

# %% tags=["guess"]
guess = predict("what is published", good_night=6, bad_night=6)

# %%
good = observe(nightly_etl, range(6), 0.4)
files_good = sorted(publishing.out().glob("*.json"))
with flaky({7: 99}):
    bad = observe(nightly_etl, range(6, 12), 0.4)
files_bad = sorted(publishing.out().glob("*.json"))

# %%
guess.compare(good_night=len(files_good), bad_night=len(files_bad))

# %% tags=["nbval-check-output"]
print(good.state.name, "and", bad.state.name, "-", bad.error)
print("still the good night's files:", files_bad == files_good)

# %% [markdown]
# After the second night, the first night's results are still complete, and the error names query 7. Your flow can run
# unattended. Put it, its imports, `save` and the clean-ups into a file next to `flows/prefect_flow.py`, give its
# parameters default values, and deploy it as in [lesson 10](10_deploy.ipynb).

# %% [markdown]
# ## Three lines to remember
#
# 1. Tag and retries belong to the task: the server limits it, and Prefect tries it again.
# 2. `wait` first, then clean up, then look at the states, then raise.
# 3. Publish in one step, after everything that can fail.
#
# Prefect's documentation: [tag limits](https://docs.prefect.io/v3/concepts/tag-based-concurrency-limits) ·
# [retries](https://docs.prefect.io/v3/how-to-guides/workflows/retries) ·
# [states](https://docs.prefect.io/v3/concepts/states). For quick reference: the [cheat sheet](../docs/cheat_sheet.md)
# and the [glossary](../docs/glossary.md).

# %%
progress_report(12)

# %% [markdown]
# This was the last lesson. `workbook list` shows which exercises are left, and the [guides](../README.md#guides) go
# further. My solutions are in [solutions/12_capstone.ipynb](../solutions/12_capstone.ipynb).
