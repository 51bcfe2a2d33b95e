# %% [markdown]
# # 05 · Pitfalls
#
# My shop's nightly flow has been wrong in each of the ways below, and most nights it said *Completed*. After this
# lesson you recognise them by their pictures, and have mended six of them.
#
# **40 minutes** · six exercises · you need lessons 02 and 03.

# %%
from workbook import check, hint, observe, progress_report, server

server.ensure()

# %% [markdown]
# More than thirty runs come, and several of them fail on purpose. Prefect's log lines about them go to the server, as
# in every lesson: the web UI shows them all, and this page only what it is about.
#
# The next cell is what the exercises stand on: `ask(index, seconds)` asks my database one of its twenty questions, and
# `query` is a task that does so.

# %% tags=["setup"]
import os

from prefect import flow, task
from prefect.futures import as_completed
from sqlalchemy import make_url

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


# %% [markdown]
# Every trap is a pair of flows in `flows/pitfalls.py`: `…_wrong`, and `…_right` beside it. `both` runs a pair,
# `drawn` puts the two runs on one time axis. Without heartbeats, for Prefect waits up to a second at the end of every
# flow for the thread that sends them.

# %%
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from flows import pitfalls, warehouse
from workbook.plots import comparison

warehouse.prepare()
met = {"nested_tag"}  # the traps that this lesson goes through; that one without `both`


def both(name, **arguments):
    met.add(name)
    pair = pitfalls.PITFALLS[name]
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        return observe(pair.wrong, **arguments), observe(pair.right, **arguments)


def drawn(wrong, right, limit=None, title=None):
    runs = {"don't": wrong.timeline, "do": right.timeline}
    return comparison(runs, dict.fromkeys(runs, limit), title)


# %% [markdown]
# ## 1 · The forgotten result
#
# ```python
# query.submit(index, seconds)              # don't
# query.submit(index, seconds).result()     # do, after all are submitted
# ```
#
# Three queries, and one of them asks for query 99, which does not exist. In which state does each flow end?

# %%
prediction = (None, None)  # the state of don't, the state of do: "Completed" or "Failed"
wrong, right = both("forgotten_result", seconds=0.2)

# %% tags=["nbval-check-output"]
print("don't:", wrong.state.name, "·", wrong.result)
print("do:   ", right.state.name, "·", type(right.error).__name__)

# %%
wrong.plot(title="A query failed, and the flow is Completed")

# %% [markdown]
# Nobody asked, so nobody was told. Prefect did wait for the tasks, but a failure is raised where the result is asked
# for. The diagnosis sees it in the moments: tasks that ended after the flow's function had returned.

# %%
from workbook.diagnosis import explain

print(explain(wrong.timeline))

# %% [markdown]
# <details><summary>The pages of the server show the failed query in red. Who would see it at night?</summary>
# Nobody: what alerts, retries and schedules look at is the state of the flow run, and that is Completed.
# </details>
#
# <details><summary>Would <code>wait(futures)</code> have been enough?</summary>
# No. It waits, and does not ask: it hands back futures, failed ones among them. So does
# <code>raise_on_failure=False</code>, which makes the exception a result.
# </details>

# %% [markdown]
# ### Exercise 5.1 · mend it
#
# `all_done` says "all done" whatever becomes of its queries. Let it wait for all of them, and fail when one fails;
# they still run all at once. Delete the line that raises when you have mended it.


# %% tags=["exercise-5.1"]
@flow
def all_done(indexes, seconds):
    # >>> your code
    futures = [query.submit(index, seconds) for index in indexes]
    for future in futures:
        future.result()
    # --- stub
    # raise NotImplementedError("5.1: mend this flow, then delete this line")
    # for index in indexes:
    #     query.submit(index, seconds)
    # <<< your code
    return "all done"


# %%
check("5.1", all_done)

# %%
# hint("5.1", 1)

# %%
# hint("5.1", 2)

# %%
# hint("5.1", 3)

# %% [markdown]
# ## 2 · The result in the loop
#
# ```python
# for index in range(4):
#     results.append(query.submit(index, seconds).result())
# ```
#
# Every result is asked for now. Four queries of 0.2 s each: how long from the first start to the last end, and how
# many at once?

# %%
prediction = (None, None)  # seconds, at most at once
wrong, right = both("result_in_loop", seconds=0.2)
wrong.plot(prediction=prediction)

# %% tags=["nbval-check-output"]
print("at most", wrong.timeline.peak, "at once; the same rows:", wrong.result == right.result)

# %%
drawn(wrong, right)

# %% [markdown]
# `.result()` waits, and the loop waits with it: the second query is not even submitted while the first runs. The
# rows are the same, so no test of the rows finds this. When *tasks run sequentially*, look here first.
#
# <details><summary>Why is <em>do</em> not exactly as short as one query?</summary>
# Prefect needs a moment to start each task run: the starts of its bars lie a little apart.
# </details>

# %% [markdown]
# ### Exercise 5.2 · mend it
#
# The same rows in the same order, and all of the queries at once.


# %% tags=["exercise-5.2"]
@flow
def all_at_once(indexes, seconds):
    # >>> your code
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
    # --- stub
    # raise NotImplementedError("5.2: mend this flow, then delete this line")
    # rows = []
    # for index in indexes:
    #     rows.append(query.submit(index, seconds).result())
    # return rows
    # <<< your code


# %%
check("5.2", all_at_once)

# %%
# hint("5.2", 1)

# %%
# hint("5.2", 2)

# %%
# hint("5.2", 3)

# %% [markdown]
# ## 3 · The credential in the code
#
# ```python
# @flow
# def hardcoded_credential_wrong(database_url="postgresql://learner:not-a-real-password@db.example/shop"):
#     get_run_logger().info("Connecting to %s", database_url)
# ```
#
# The password is in the repository. Where else is it, once the flow has run? Write down two places.

# %%
prediction = ("", "")
wrong, right = both("hardcoded_credential")

# %% tags=["nbval-check-output"]
from prefect.client.orchestration import get_client

with get_client(sync_client=True) as client:
    print("don't:", client.read_flow_run(wrong.flow_run_id).parameters)
    print("do:   ", client.read_flow_run(right.flow_run_id).parameters)

# %% [markdown]
# The server keeps the parameters of every flow run, defaults too, and shows them to everyone who can open its pages.
# It keeps the logs as well. This asks it for the lines with one word; they arrive a second or two after the run.

# %%
import time

from prefect.client.schemas.filters import LogFilter


def logged(seen, word):
    wanted, lines = LogFilter(flow_run_id={"any_": [seen.flow_run_id]}), []
    for _ in range(100):
        with get_client(sync_client=True) as client:
            lines = [log.message for log in client.read_logs(wanted, 200, 0) if word in log.message]
        if lines:
            break
        time.sleep(0.1)
    return lines


print("don't:", logged(wrong, "Connecting"))
print("do:   ", logged(right, "DATABASE_URL"))

# %% [markdown]
# A friend's template prints the first eight characters of the API key, "to see which it is". With `log_prints=True`
# that is on the server too. All that a reader of the log has to know is whether there is one.

# %%
wrong, right = both("printed_key")
print("don't:", logged(wrong, "API key"))
print("do:   ", logged(right, "API key"))

# %% [markdown]
# <details><summary>Is <code>def connect(database_url=os.getenv("DATABASE_URL"))</code> any better?</summary>
# It is out of the repository, and still a parameter that the server keeps. And a default is read once, when the code
# is loaded: the flow would not see a new password before its process starts again.
# </details>
#
# <details><summary>And <code>os.getenv("DATABASE_URL", "postgresql://…")</code> inside the flow?</summary>
# A default there is a credential in the code again, used on just the night when the variable is missing.
# </details>

# %% [markdown]
# ### Exercise 5.3 · mend it
#
# `connect` returns the host of the database that it would use. Take it from the environment variable `DATABASE_URL`
# whenever the flow runs, and let nobody see any of the password. The check tries several databases, and none.


# %% tags=["exercise-5.3"]
# >>> your code
@flow(log_prints=True)
def connect():
    url = make_url(os.environ["DATABASE_URL"])
    print(f"Connecting to {url.host}")
    return url.host


# --- stub
# @flow(log_prints=True)
# def connect(database_url="postgresql://shop:tulips-in-may@db.example/shop"):
#     raise NotImplementedError("5.3: mend this flow, then delete this line")
#     print(f"Connecting to {database_url}")
#     return make_url(database_url).host
# <<< your code


# %%
check("5.3", connect)

# %%
# hint("5.3", 1)

# %%
# hint("5.3", 2)

# %%
# hint("5.3", 3)

# %% [markdown]
# ## 4 · The limit that is not there
#
# A limit belongs to a tag, by its exact name. Here it is on `pitfall-typo`, two at once, and the tasks of *don't* have
# the tag `pitfall_typo`. Six queries of 0.2 s: how long, how many at once?

# %%
prediction = (None, None)  # seconds, at most at once
wrong, right = both("tag_typo", seconds=0.2)
wrong.plot(limit=2, prediction=prediction)

# %%
at_most = f"At most {wrong.timeline.peak} and {right.timeline.peak} at once"
drawn(wrong, right, limit=2, title=f"{at_most}, for one character in a tag")

# %% [markdown]
# Nothing warns: a tag without a limit is a good tag. When a *concurrency limit does not work*, compare the two names.
# `prefect concurrency-limit list` shows the limits, `read_limit` asks for one.

# %% tags=["nbval-check-output"]
from workbook.limits import read_limit

for tag in ("pitfall-typo", "pitfall_typo"):
    print(tag, "→", (limit := read_limit(tag)) and limit.slots)

# %% [markdown]
# The right name is not all. *Don't* runs one query first, and then creates the limit; *do* creates it before. Will the
# six queries that follow be limited to two at once?

# %%
wrong, right = both("limit_too_late", seconds=0.2)
at_most = f"At most {wrong.timeline.peak} and {right.timeline.peak} at once"
drawn(wrong, right, limit=2, title=f"{at_most}: a limit created after the first query, and before")

# %% [markdown]
# The client remembers for five seconds that a tag had no limit, and does not ask again meanwhile. So a limit is
# created when a system is set up, and not by the flow that needs it.
#
# And to hold all queries back for a while, why not set the limit to 0?

# %%
wrong, right = both("limit_zero", seconds=0.2)
drawn(wrong, right, title="A limit of 0, and a limit of 1")

# %% tags=["nbval-check-output"]
print("limit 0:", wrong.state.name, "·", type(wrong.error).__name__)
print("limit 1:", right.state.name, "· at most", right.timeline.peak, "at once")

# %% [markdown]
# With 0 nothing waits: whoever asks for a slot is refused, and the flow fails. The smallest limit is 1; to hold
# everything back, pause the deployment or its work pool.
#
# <details><summary>Which of these three would you notice in the morning?</summary>
# Only the last. The other two return the right rows, and the database suffers in silence.
# </details>

# %% [markdown]
# ### Exercise 5.4 · mend it
#
# My flow asks two kinds of queries, and the server limits the tag `reporting`. Half of the queries obey. Mend it so
# that all do; the check sets the limit, and changes it.


# %% tags=["exercise-5.4"]
# >>> your code
@task(tags=["reporting"])
def order_query(index, seconds):
    return ask(index, seconds)


@task(tags=["reporting"])
def review_query(index, seconds):
    return ask(index, seconds)


@flow
def both_reports(orders, reviews, seconds):
    futures = [order_query.submit(index, seconds) for index in orders]
    futures += [review_query.submit(index, seconds) for index in reviews]
    return [future.result() for future in futures]


# --- stub
# @task(tags=["reporting"])
# def order_query(index, seconds):
#     return ask(index, seconds)
#
#
# @task(tags=["reportng"])
# def review_query(index, seconds):
#     return ask(index, seconds)
#
#
# @flow
# def both_reports(orders, reviews, seconds):
#     raise NotImplementedError("5.4: mend this flow, then delete this line")
#     futures = [order_query.submit(index, seconds) for index in orders]
#     futures += [review_query.submit(index, seconds) for index in reviews]
#     return [future.result() for future in futures]
# <<< your code


# %%
check("5.4", both_reports)

# %%
# hint("5.4", 1)

# %%
# hint("5.4", 2)

# %%
# hint("5.4", 3)

# %% [markdown]
# ## 5 · The task that waits for itself
#
# A report has its query run as another task, and both have the tag `pitfall-nested`, with one slot. The report takes
# the slot, and then? I gave it a patience of half a second; without one this cell would never end.

# %%
wrong = observe(pitfalls.nested_tag_wrong, 0.2, 0.5)
right = observe(pitfalls.nested_tag_right, 0.2)

# %% tags=["nbval-check-output"]
print("don't:", type(wrong.error).__name__)
print("do:   ", right.state.name)

# %%
wrong.plot(title="The query begins when the report has given up")

# %% [markdown]
# The report held the slot and waited for the query; the query waited for the slot. Nothing says so: no error, no
# warning, a slot that is taken and a task run that is Pending. In *do* only the query has the tag.

# %%
right.plot(title="The report waits without a slot, and the query takes it")

# %% [markdown]
# <details><summary>Would two slots have helped?</summary>
# One report, yes. Two reports at once would take both slots, and each would wait for a third.
# </details>
#
# <details><summary>Where else can a task wait for itself?</summary>
# In a task runner with few workers: <code>python flows/pitfalls.py nested_pool</code>. There it is the worker that the
# report occupies, and that its query needs.
# </details>

# %% [markdown]
# ### Exercise 5.5 · mend it
#
# The limit on `ledger` is one. If you check the flow before you have mended it, the check ends it after 20 seconds,
# and shows the lines where its tasks stood.


# %% tags=["exercise-5.5"]
# >>> your code
@task(tags=["ledger"])
def ledger_query(index, seconds):
    return ask(index, seconds)


@task
def report(index, seconds):
    return len(ledger_query(index, seconds))


@flow
def counts(indexes, seconds):
    futures = [report.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]


# --- stub
# @task(tags=["ledger"])
# def ledger_query(index, seconds):
#     return ask(index, seconds)
#
#
# @task(tags=["ledger"])
# def report(index, seconds):
#     return len(ledger_query(index, seconds))
#
#
# @flow
# def counts(indexes, seconds):
#     raise NotImplementedError("5.5: mend this flow, then delete this line")
#     futures = [report.submit(index, seconds) for index in indexes]
#     return [future.result() for future in futures]
# <<< your code


# %%
check("5.5", counts)

# %%
# hint("5.5", 1)

# %%
# hint("5.5", 2)

# %%
# hint("5.5", 3)

# %% [markdown]
# ## 6 · The lost order
#
# ```python
# return [future.result() for future in as_completed(futures)]
# ```
#
# Three queries, and the first takes longest. All run at once, all rows are there. Which of the three comes first?

# %%
prediction = None  # 0, 1 or 2
wrong, right = both("lost_order", seconds=0.3)
rows = [warehouse.query(index, seconds=0) for index in range(3)]
print("don't:", [rows.index(result) for result in wrong.result])

# %% tags=["nbval-check-output"]
print("do:   ", [rows.index(result) for result in right.result])

# %%
wrong.plot()

# %% [markdown]
# `as_completed` hands over each future when it has ended: made for progress bars, not for results that are told apart
# by their place. `wait()` gives sets, which have no order at all. Your own list is in the order of submission.
#
# <details><summary>Does it cost time to collect in order, when the first query is the slowest?</summary>
# No. The others go on meanwhile, and the whole takes as long as the longest either way.
# </details>

# %% [markdown]
# ### Exercise 5.6 · mend it
#
# Query `indexes[0]` takes `durations[0]` seconds, and so on. All at once, and the rows in the order of `indexes`.


# %% tags=["exercise-5.6"]
@flow
def in_order(indexes, durations):
    futures = [
        query.submit(index, seconds) for index, seconds in zip(indexes, durations, strict=True)
    ]
    # >>> your code
    return [future.result() for future in futures]
    # --- stub
    # raise NotImplementedError("5.6: mend this flow, then delete this line")
    # return [future.result() for future in as_completed(futures)]
    # <<< your code


# %%
check("5.6", in_order)

# %%
# hint("5.6", 1)

# %%
# hint("5.6", 2)

# %%
# hint("5.6", 3)

# %% [markdown]
# ## 7 · Too many, too few, too late
#
# Four more that cost me a night each, without an exercise. Six queries at once over a database that has three
# connections, each waiting for a free one no longer than a third of its time: how many of the six fail?

# %%
wrong, right = both("exhausted_connections", seconds=0.6)
failed = [len(seen.timeline.where(state="FAILED")) for seen in (wrong, right)]
drawn(
    wrong,
    right,
    limit=3,
    title=f"Three connections, six queries: {failed[0]} and {failed[1]} of them failed",
)

# %%
print("don't:", wrong.state.name, "·", str(wrong.error).partition(" (")[0])
print("do:   ", right.state.name)

# %% [markdown]
# Uncontrolled parallelism moves the queue into the database, where waiting has an end. With a limit of three on
# their tag the queries wait at Prefect's door, without a connection and without a deadline.
#
# Next, batches of three, in each of which the first query takes four times as long as the others.

# %%
wrong, right = both("idle_batches", seconds=0.2)
drawn(wrong, right, limit=3)

# %%
print(explain(wrong.timeline))

# %% [markdown]
# Every batch waits for its slowest, and two of three slots idle. Batches look fine as long as all queries are alike;
# mine never are. In *do*, three workers take the next query as soon as they are free.
#
# Then is the limit on a tag as good as three workers? Nine queries, three at a time, under one and under the other:

# %%
wrong, right = both("limit_as_pool", seconds=0.2)
drawn(wrong, right, limit=3)

# %% [markdown]
# A waiting task has to ask the server for its slot again and again, and every hand-over takes its time: much beside
# queries as short as these, nothing beside queries of minutes. Inside one flow, workers do; over several flows and
# machines, only the server's limit holds.
#
# Last, two processes that hold a slot: one is killed, the other is asked to end. How many slots are taken afterwards?

# %%
wrong, right = both("killed_process")
print("killed:      ", wrong.result, "taken")
print("asked to end:", right.result, "taken")

# %% [markdown]
# A process that is killed gives nothing back. The server waits for its lease to run out, up to a minute, and
# meanwhile the database is idle for everybody. `kill` without `-9` lets Prefect clean up. Slots that never come back
# are in lesson 07.
#
# And the others, each worth a look when you have time:

# %%
for name, pair in pitfalls.PITFALLS.items():
    if name not in met:
        print(f"{name}\n    {pair.wrong.description.splitlines()[0]}")

# %% [markdown]
# Put any of these names in place of the one in the next cell. (`restarted_server` takes three minutes, for no lease is
# shorter than one.) In a terminal `python flows/pitfalls.py NAME` does the same.

# %%
from IPython.display import display

wrong, right = both("waiters_fill_pool")
for word, seen in (("don't", wrong), ("do", right)):
    print(f"{word}: {seen.state.name} · {repr(seen.error or seen.result)[:80]}")
    display(seen.plot(title=word))

# %% [markdown]
# ## What the pictures say
#
# | you see | look for |
# |---|---|
# | bars one after the other, one at a time | `.result()` in the loop; a task called, not submitted; one worker |
# | more at once than the limit | a tag that is not the limit's name; a limit created too late |
# | bars that end after the flow | a result that nobody asked for |
# | a bar that waits and waits | a task that needs what its caller holds |
# | gaps before every third bar | batches with a straggler |
# | right rows, wrong places | `as_completed`, `wait()` |
# | nothing at all | a credential: look at the parameters and the logs |

# %%
progress_report(5)

# %% [markdown]
# Six flows mended. Next comes the flow that all of this is for, piece by piece: [06 · Production
# ETL](06_production_etl.ipynb). The solved copy of this lesson is
# [here](../solutions/05_pitfalls.ipynb).
