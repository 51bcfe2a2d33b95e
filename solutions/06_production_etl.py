# %% [markdown]
# # 06 · A flow that can be left alone at night
#
# Every night, while I sleep, my small shop asks its database twenty questions. In the morning there should be twenty
# answers, or yesterday's twenty and a message that says what failed. After this lesson you can write such a flow:
#
# - a query that is **tried again** when the database hangs up,
# - a **clean-up** that waits for every query and always runs,
# - results that are **published all or not at all**,
# - log lines and return values that tell what happened.
#
# About 40 minutes, three exercises.

# %%
from workbook import check, hint, observe, progress_report, server

server.ensure()

# %% tags=["setup"]
import json
from pathlib import Path

from prefect import allow_failure, flow, get_run_logger, task
from prefect.futures import wait
from prefect.runtime import flow_run

from flows import publishing, warehouse
from workbook.work import ask

# %% [markdown]
# For this lesson, results go to a folder of their own. The limit of three on the tag `database` is the one of lesson
# 03.

# %%
import os
import tempfile

from IPython.display import display

from workbook.limits import ensure_limit
from workbook.plots import comparison
from workbook.work import flaky

os.environ["WORKBOOK_DATA"] = tempfile.mkdtemp(prefix="lesson-06-", dir=server.home())
warehouse.prepare()
ensure_limit("database", 3)

# %% [markdown]
# ## The whole night
#
# The job is `flows/prefect_flow.py`; open it beside this notebook. `main_etl` calls the subflow `sub_etl`: twenty
# queries under the limit, then `cleanup1`, then `cleanup2`. After that it publishes. This is the work it has to do:

# %%
work = sum(query.seconds for query in warehouse.QUERIES) * warehouse.time_scale()
print(f"{len(warehouse.QUERIES)} queries, {work:.1f} s of work in all")

# %% [markdown]
# Before you run it, write down how many seconds it will take from the first start to the last end, and how many tasks
# will run at once at the most.

# %%
prediction = (None, None)  # seconds, at most at once

# %%
from flows.prefect_flow import main_etl

night = observe(main_etl)
night.plot(limit=3, prediction=prediction)

# %% tags=["nbval-check-output"]
for name in ("sql_query", "cleanup1", "cleanup2"):
    print(name, len(night.timeline.where(task=name)))
print(night.state.name, night.timeline.where(tag="database").peak <= 3)

# %% [markdown]
# **Look at the figure.** Which bars come last, and what were they waiting for? Is the line of the limit reached all
# the time, and if not, what happens where it is not?
#
# <details><summary>What I see</summary>
#
# `cleanup1` begins when the last query has ended, `cleanup2` after it: `wait(futures)` and `.result()` hold them
# back. Where the curve dips below the limit, a slot is being handed over; lesson 03 has that. At the end there are
# simply too few queries left for all slots.
#
# </details>

# %% [markdown]
# ## What a task returns
#
# The flow's return value is the message in the morning. It is made of what the tasks returned, so a task had better
# return something:

# %% tags=["nbval-check-output"]
print(sorted(night.result), night.result["queries"])


# %%
@task
def silent(index):
    ask(index, 0.1)


@task
def telling(index):
    return {"query": index, "rows": len(ask(index, 0.1))}


@flow
def two_ways():
    return [silent.submit(3).result(), telling.submit(3).result()]


# %%
returned = observe(two_ways)

# %% tags=["nbval-check-output"]
returned.result

# %% [markdown]
# Both asked. Only the second can be counted, checked, and handed to the next task. I return a small dict: what was
# done, and how much of it. The rows themselves go to a file.

# %% [markdown]
# ## What a task says
#
# Prefect's log is not shown in this notebook (see the set-up cell), but it is kept by the server. Two tasks say the
# same, one with `print`, one with Prefect's logger. Predict: which of the two lines will the server still have
# tomorrow?

# %%
prediction = (None, None)  # does the server keep the printed line? the logged one?


# %%
@task
def printing(index):
    print(f"printed: {warehouse.QUERIES[index].question}")


@task
def logged(index):
    get_run_logger().info("logged: %s", warehouse.QUERIES[index].question)


@flow
def two_voices():
    wait([printing.submit(6), logged.submit(6)])


# %%
import time

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter


def log_lines(seen):
    """What the server keeps of a run's log; its last line comes up to two seconds after the end."""
    wanted = LogFilter(flow_run_id={"any_": [seen.flow_run_id]})
    with get_client(sync_client=True) as client:
        for _ in range(50):
            logs = client.read_logs(wanted, limit=200, offset=0)
            if any(log.task_run_id is None and log.message.startswith("Finished") for log in logs):
                break
            time.sleep(0.2)
    return [log.message for log in logs]


# %%
plain = observe(two_voices)
with_prints = observe(two_voices.with_options(log_prints=True))
for seen in (plain, with_prints):
    print(log_lines(seen))

# %% tags=["nbval-check-output"]
for seen in (plain, with_prints):
    print(sorted(line.partition(":")[0] for line in log_lines(seen) if line.endswith("sold?")))

# %% [markdown]
# The server keeps what the logger says, with the task run that said it: open the run in the web UI, tab *Logs*. A
# print is gone with the page, unless the flow says `log_prints=True`, as `main_etl` does and as the second run did.

# %% [markdown]
# ## Trying again
#
# `with flaky({1: 2}):` makes the database hang up on query 1 twice, before it answers. Three queries, side by side.
# First without retries, then with two. What will become of query 1?


# %%
@task(task_run_name="query-{index}")
def plain_query(index, seconds=None):
    return ask(index, seconds)


@flow
def three_queries(retries):
    patient = plain_query.with_options(retries=retries, retry_delay_seconds=0.3)
    futures = [patient.submit(index) for index in range(3)]
    wait(futures)
    return [future.state.name for future in futures]


# %%
prediction = (None, None)  # the state of query 1 without retries, and with two

# %%
with flaky({1: 2}):
    once = observe(three_queries, retries=0)
with flaky({1: 2}):
    again = observe(three_queries, retries=2)
comparison({"no retries": once.timeline, "two retries": again.timeline})

# %% tags=["nbval-check-output"]
print(once.result, again.result, sep="\n")

# %% [markdown]
# In the second run, query 1 is one bar, longer than its query takes. What is in it? Prefect's record of that task run
# tells:

# %%
longest = max(again.timeline, key=lambda span: span.seconds)
with get_client(sync_client=True) as client:
    states = client.read_task_run_states(longest.id)
[state.name for state in states]

# %% [markdown]
# <details><summary>What I see</summary>
#
# One task run, three tries. `AwaitingRetry` is the 0.3 s of `retry_delay_seconds`, and it belongs to the bar: the
# task run is not over. `retries=2` means two *more* tries. A loop with `try` and `except` of my own would have got
# the rows as well, and nobody could see that the database hangs up.
#
# </details>

# %% [markdown]
# One thing a retry costs. Under a tag limit, a task that waits for its next try **keeps its slot**. Here is a limit
# of 1, a flaky query with a delay of 0.6 s, and a healthy query behind it; below, the same with the tag on an inner
# task.

# %%
from flows import pitfalls

kept = observe(pitfalls.retry_keeps_slot_wrong, 0.2, 0.6)
given_back = observe(pitfalls.retry_keeps_slot_right, 0.2, 0.6)
runs = {"tag on what retries": kept, "tag on each try": given_back}
comparison({name: seen.timeline.where(tag="pitfall-retry") for name, seen in runs.items()})

# %% tags=["nbval-check-output"]
flaky_one, healthy = kept.timeline.where(task="flaky"), kept.timeline.where(task="query")
print("the healthy query waited for the retry:", kept.timeline.before(flaky_one, healthy))

# %% [markdown]
# With a delay of ten seconds and three slots, as at night, a few flaky queries stop everybody. It is a choice: the
# first form is simpler, and spares a database in trouble.

# %% [markdown]
# ### Exercise 6.1: a flaky query (10 minutes)
#
# Write the flow `persistent(indexes, seconds)`. It asks all queries side by side, each in a task run of its own, and
# returns their rows in order. A query on which the database hangs up is tried again after 0.1 s, three tries in all,
# as tries of the same task run. After the third the flow fails, with an error that names the query.


# %% tags=["exercise-6.1"]
# >>> your code
@task(task_run_name="query-{index}", retries=2, retry_delay_seconds=0.1)
# --- stub
# @task(task_run_name="query-{index}")
# <<< your code
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    # >>> your code
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
    # <<< your code


# %%
check("6.1", persistent)

# %%
# hint("6.1", 1)

# %%
# hint("6.1", 2)

# %%
# hint("6.1", 3)

# %% [markdown]
# ## Cleaning up
#
# Sometimes no retry helps. Then the connections should be given back all the same, and not while others still use
# them. Three flows in which query 0 fails at once, and three others take a while. Each has its clean-up in another
# place:


# %%
@task
def give_back():
    warehouse.engine().dispose()
    time.sleep(0.2)  # it is a slow network


def four_queries():
    return [plain_query.submit(index, 0.7) for index in range(4)]


@flow
def behind_the_results():
    futures = four_queries()
    rows = [future.result() for future in futures]
    give_back.submit().result()
    return rows


@flow
def in_finally():
    futures = four_queries()
    try:
        return [future.result() for future in futures]
    finally:
        give_back.submit().result()


# %%
@flow
def in_wait_for():
    futures = four_queries()
    last = give_back.submit(wait_for=[allow_failure(future) for future in futures])
    last.wait()
    return [future.result() for future in futures]


# %% [markdown]
# Predict for each: does `give_back` run, and does it wait for the longest query?

# %%
predictions = {"behind the results": None, "in finally": None, "in wait_for": None}

# %%
places = {
    "behind the results": behind_the_results,
    "in finally": in_finally,
    "in wait_for": in_wait_for,
}
seen = {}
for name, place in places.items():
    with flaky({0: 99}):
        seen[name] = observe(place)
    display(seen[name].plot(title=f"give_back {name}"))

# %% tags=["nbval-check-output"]
for name, run in seen.items():
    ran = run.timeline.where(task="give_back")
    queries = run.timeline.where(task="plain_query")
    waited = bool(len(ran)) and run.timeline.before(queries, ran)
    print(f"{name:18} ran: {len(ran)}  after all queries: {waited}  flow: {run.state.name}")

# %% [markdown]
# **Look at the figure.** Why is there no clean-up at all in the first run? And why is it so early in the second?
#
# <details><summary>What I see</summary>
#
# `.result()` raises the error of query 0, and the lines behind it are skipped. `finally` does run, but at once: that
# one query has failed says nothing about the other three, which are still using what is being given back. Only the
# third waits for all of them. `allow_failure` matters: a task that waits for one that failed is otherwise left out,
# and its state is `NotReady`.
#
# </details>

# %% [markdown]
# `sub_etl` does it with `wait(futures)`, which waits for all and raises nothing. One thing is still missing above: if
# two queries fail, the error names only the first.

# %% [markdown]
# ### Exercise 6.2: clean-up after failure (15 minutes)
#
# Write the flow `tidy(indexes, seconds)`. When all queries have ended, well or badly, `cleanup` runs once. If all
# went well, return their rows in order. Otherwise the flow ends Failed, with an error that names, by number, every
# query that failed, and no other.


# %% tags=["exercise-6.2"]
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
    cleanup.submit().result()
    if failed := [index for index, future in futures.items() if not future.state.is_completed()]:
        raise RuntimeError(f"no answer to {failed}")
    return [future.result() for future in futures.values()]
    # <<< your code


# %%
check("6.2", tidy)

# %%
# hint("6.2", 1)

# %%
# hint("6.2", 2)

# %%
# hint("6.2", 3)

# %% [markdown]
# ## Publishing
#
# In the morning somebody opens the folder with the results. Suppose every task writes its file straight there.
# Yesterday went well. Tonight the database hangs up on query 2 for good. What will be in the folder?


# %%
@task
def write_straight(index, night):
    content = {"night": night, "rows": ask(index)}
    (publishing.data() / f"straight-{index}.json").write_text(json.dumps(content))


@flow
def straight(night):
    futures = [write_straight.submit(index, night) for index in range(4)]
    return [future.result() for future in futures]


# %%
prediction = None  # which night's file will there be for each of the four queries?

# %%
observe(straight, "yesterday")
with flaky({2: 99}):
    tonight = observe(straight, "tonight")
tonight.plot()

# %% tags=["nbval-check-output"]
for file in sorted(publishing.data().glob("straight-*.json")):
    print(file.name, json.loads(file.read_text())["night"])

# %% [markdown]
# Two nights in one folder, each file right by itself. Add them up and no error will tell you. `flows/publishing.py`
# does it otherwise: each run writes into a folder of its own, and `data/out` is a link. Publishing turns the link, in
# one step.

# %% tags=["nbval-check-output"]
before = publishing.out().resolve()
with publishing.staging("tonight") as folder:
    (folder / "answer.txt").write_text("42")
    print("while writing, the former folder shows:", publishing.out().resolve() == before)
    publishing.publish(folder)
print("then all of the new one:", [file.name for file in publishing.out().iterdir()])
print("and the former is still whole:", len(list(before.iterdir())))

# %% [markdown]
# If anything raises inside the `with`, `publish` is not reached, and `out` is what it was. The former folder is
# removed by a later run's `publishing.sweep()`: somebody may just be reading it.

# %% [markdown]
# ### Exercise 6.3: publish all or nothing (15 minutes)
#
# Write the flow `publish_nightly(indexes, seconds)`. If all queries went well, `data/out` shows a new folder with
# just their files, and the flow returns the names of the files in order. If one failed, the flow ends Failed, and
# `data/out` shows the former folder, untouched. At no moment does it show a part. (`flow_run.id` is a good name for a
# run's folder.)


# %% tags=["exercise-6.3"]
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
check("6.3", publish_nightly)

# %%
# hint("6.3", 1)

# %%
# hint("6.3", 2)

# %%
# hint("6.3", 3)

# %% [markdown]
# ## What is done, and what comes next
#
# Read `flows/prefect_flow.py` once more, from top to bottom: you should know the reason of every line now.

# %%
progress_report(6)

# %% [markdown]
# My own answers are in [the solved notebook](../solutions/06_production_etl.ipynb). Next: the flow leaves this
# notebook and runs by itself, with its credentials, in [07 · Deploy and
# authenticate](07_deploy_and_authenticate.ipynb).
