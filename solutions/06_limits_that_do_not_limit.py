# %% [markdown]
# # 06 · Pitfalls: limits that don't limit
#
# A limit on the server does its work only if everything about it is right: its name, its size, when it was created, and
# what holds its slots. Here are eight ways to get that wrong.
#
# **45 minutes** · three exercises · you need [03 · Server-side limits](03_server_side_limits.ipynb)

# %%
from workbook import check, hint, observe, predict, progress_report, server, solution

server.ensure()

# %% tags=["setup"]
import contextlib
import subprocess
import sys
import threading

from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.runtime import task_run
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


# %% [markdown]
# Three helpers do what `prefect gcl` does on the command line: create or update the limit on a tag, delete it, and
# count its taken slots. Each pitfall has its own tag.


# %% tags=["setup"]
def set_limit(tag, slots):
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(f"tag:{tag}", slots)


def remove_limit(tag):
    with get_client(sync_client=True) as client, contextlib.suppress(ObjectNotFound):
        client.delete_global_concurrency_limit_by_name(f"tag:{tag}")


def slots_taken(tag):
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limit_by_name(f"tag:{tag}").active_slots


# %% [markdown]
# ## A tag with a typo
#
# A limit is found by the tag's exact name. These two flows differ by one character.


# %%
@flow
def tag_typo_wrong(count, seconds):
    tagged = query.with_options(tags=["pitfall_typo"])
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def tag_typo_right(count, seconds):
    tagged = query.with_options(tags=["pitfall-typo"])
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


# %% [markdown]
# The limit is 2, on `pitfall-typo`. Six queries of half a second: how many run at once in each flow?

# %% tags=["guess"]
guess = predict("a tag with a typo", at_once_wrong_flow=6, at_once_right_flow=2)

# %%
set_limit("pitfall-typo", 2)
wrong, right = observe(tag_typo_wrong, 6, 0.5), observe(tag_typo_right, 6, 0.5)

# %%
guess.compare(at_once_wrong_flow=wrong.timeline.peak, at_once_right_flow=right.timeline.peak)

# %%
from workbook.plots import comparison

comparison({"wrong": wrong.timeline, "right": right.timeline}, {"wrong": 2, "right": 2})

# %% tags=["nbval-check-output"]
print("more than 2 at once: wrong", wrong.timeline.peak > 2, "- right", right.timeline.peak > 2)
print("the same rows:", wrong.result == right.result)

# %% [markdown]
# Nothing warns you. If a limit does nothing, look up your tasks' tag. This tag has no limit:

# %%
# !prefect gcl inspect tag:pitfall_typo

# %% [markdown]
# ### Exercise 6.1 · The tag with a typo
#
# My flow runs two kinds of queries, and the server limits the tag `reporting`. Only one kind keeps to the limit. Change
# the tags so that both do. The check sets the limit, to a different number each time.


# %% tags=["exercise-6.1"]
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
#     raise NotImplementedError("6.1: fix this flow, then delete this line")
#     futures = [order_query.submit(index, seconds) for index in orders]
#     futures += [review_query.submit(index, seconds) for index in reviews]
#     return [future.result() for future in futures]
# <<< your code


# %%
check("6.1", both_reports)

# %%
# hint("6.1", 1)

# %%
# hint("6.1", 2)

# %%
# hint("6.1", 3)

# %%
# solution("6.1")

# %% [markdown]
# ## A limit created too late
#
# The wrong flow runs one query first, and only then creates the limit of 2. The right flow's limit already exists. How
# many queries run at once in each?


# %%
@flow
def limit_too_late_wrong(count, seconds):
    tagged = query.with_options(tags=["pitfall-late"])
    tagged.submit(0, 0).result()
    set_limit("pitfall-late", 2)
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def limit_too_late_right(count, seconds):
    tagged = query.with_options(tags=["pitfall-early"])
    tagged.submit(0, 0).result()
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


# %% tags=["guess"]
guess = predict("a limit created too late", at_once_wrong_flow=6, at_once_right_flow=2)

# %%
remove_limit("pitfall-late")  # left by an earlier run of this cell
set_limit("pitfall-early", 2)
wrong, right = observe(limit_too_late_wrong, 6, 0.5), observe(limit_too_late_right, 6, 0.5)

# %%
guess.compare(at_once_wrong_flow=wrong.timeline.peak, at_once_right_flow=right.timeline.peak)

# %% [markdown]
# When a task run starts and its tag has no limit, the client (the process that runs your flow) remembers that for five
# seconds. A limit that you create during those seconds is ignored until they are over. So create limits when you set up
# a system, not in the flow.

# %% [markdown]
# ## A limit of zero
#
# Maintenance tonight: all queries should wait. So I set the limit to 0. In which state does the flow run end:
# `"Completed"`, `"Failed"` or `"Crashed"`?


# %%
@flow
def limit_zero_wrong(count, seconds):
    tagged = query.with_options(tags=["pitfall-zero"])
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


# %% tags=["guess"]
guess = predict("a limit of zero", state="Failed")

# %%
set_limit("pitfall-zero", 0)
zero = observe(limit_zero_wrong, 2, 0.2)
guess.compare(zero)

# %% tags=["nbval-check-output"]
print(zero.state.name, "-", type(zero.error).__name__)

# %% [markdown]
# A limit of 0 doesn't hold queries back: the server refuses them, and the flow fails. The smallest useful limit is 1.
# To hold work back, pause its work pool; lesson 10 says what that is.

# %% [markdown]
# ## A task that waits for its own slot
#
# A report runs its query as another task. In the wrong flow both have the tag `pitfall-nested`, whose limit is 1. In
# the right flow only the query has it.


# %%
@task(tags=["pitfall-nested"])
def report_with_slot(seconds, timeout):
    tagged = query.with_options(tags=["pitfall-nested"])
    return tagged.submit(0, seconds).result(timeout=timeout)


@flow
def nested_tag_wrong(seconds, timeout):
    return report_with_slot.submit(seconds, timeout).result()


# %%
@task
def report_without_slot(seconds, timeout):
    tagged = query.with_options(tags=["pitfall-nested"])
    return tagged.submit(0, seconds).result(timeout=timeout)


@flow
def nested_tag_right(seconds, timeout):
    return report_without_slot.submit(seconds, timeout).result()


# %% [markdown]
# The query takes 0.2 s. The wrong report waits one second for the result, the right one a minute. In which state does
# each flow run end: `"Completed"`, `"Failed"` or `"TimedOut"`?

# %% tags=["guess"]
guess = predict(
    "a task that waits for itself", state_wrong_flow="TimedOut", state_right_flow="Completed"
)

# %%
set_limit("pitfall-nested", 1)
wrong, right = observe(nested_tag_wrong, 0.2, 1), observe(nested_tag_right, 0.2, 60)

# %%
guess.compare(state_wrong_flow=wrong.state.name, state_right_flow=right.state.name)

# %% tags=["nbval-check-output"]
print("wrong:", wrong.state.name, "- right:", right.state.name)

# %%
wrong.plot(title="The query gets the slot only when the report has given up")

# %% [markdown]
# That's a *deadlock*: the report holds the slot and waits for the query; the query waits for the slot. After its
# timeout, `.result()` raises a TimeoutError, so the flow run is TimedOut. Without a timeout, the query stays Pending
# forever, without an error.
#
# <details><summary>Would a second slot help?</summary>
#
# With one report, yes. Two reports at once take both slots, and each waits for a third.
# </details>

# %% [markdown]
# ### Exercise 6.2 · The task that waits for its own slot
#
# The limit on the tag `ledger` is 1. Change the tasks so that `counts` finishes, and the tag still limits every query.
# (Until you fix them, each check takes half a minute.)


# %% tags=["exercise-6.2"]
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
#     raise NotImplementedError("6.2: fix this flow, then delete this line")
#     futures = [report.submit(index, seconds) for index in indexes]
#     return [future.result() for future in futures]
# <<< your code


# %%
check("6.2", counts)

# %%
# hint("6.2", 1)

# %%
# hint("6.2", 2)

# %%
# hint("6.2", 3)

# %%
# solution("6.2")

# %% [markdown]
# ## A slot held through a retry delay
#
# `flaky_with_slot` fails on its first try and tries again after two seconds. Meanwhile query 1 is submitted, with the
# same tag, whose limit is 1. `first_try_failed` makes sure that query 1 is submitted only after the first try has
# failed. `task_run.run_count` counts the tries.

# %%
first_try_failed = threading.Event()


@task(tags=["pitfall-retry"], retries=1, retry_delay_seconds=2)
def flaky_with_slot(seconds):
    if task_run.run_count == 1:
        first_try_failed.set()
        raise ConnectionError("the database failed")
    return ask(0, seconds)


@flow
def retry_keeps_slot_wrong(seconds):
    first_try_failed.clear()
    first = flaky_with_slot.submit(seconds)
    first_try_failed.wait()
    second = query.with_options(tags=["pitfall-retry"]).submit(1, seconds)
    return [first.result(), second.result()]


# %% [markdown]
# What does query 1 do during those two seconds: `"runs"` or `"waits"`?

# %% tags=["guess"]
guess = predict("a slot held through a retry delay", query_1="waits")

# %%
set_limit("pitfall-retry", 1)
held = observe(retry_keeps_slot_wrong, 0.3)
spans = {span.task: span for span in held.timeline}
retry, other = spans["flaky_with_slot"], spans["query"]

# %%
guess.compare(query_1="runs" if other.start < retry.end else "waits")

# %% tags=["nbval-check-output"]
print("query 1 began after the retry had ended:", other.start >= retry.end)

# %%
held.plot(limit=1, title="The slot stays taken during the delay")

# %% [markdown]
# Prefect's own retries keep the slot through the delay. If that hurts, move the tag to an inner task that tries once,
# and let an outer task call it and retry.


# %%
@task(tags=["pitfall-retry"])
def try_with_slot(seconds, number):
    if number == 1:
        first_try_failed.set()
        raise ConnectionError("the database failed")
    return ask(0, seconds)


@task(retries=1, retry_delay_seconds=2)
def flaky_without_slot(seconds):
    return try_with_slot(seconds, task_run.run_count)


# %% [markdown]
# <details><summary>What does this cost?</summary>
#
# Each try has its own task run in Prefect's records, so a failed try shows up as a failed task run. To see it run:
# `python flows/pitfalls.py retry_keeps_slot`.
# </details>

# %% [markdown]
# ## A limit and a small thread pool
#
# This flow has two workers. Queries 0 to 2 have a tag whose limit is 1. Query 3 has no tag. What does it do until one
# of the others has ended: `"runs"` or `"waits"`?


# %%
@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def waiters_fill_pool_wrong(seconds):
    tagged = query.with_options(tags=["pitfall-waiters"])
    futures = [tagged.submit(index, seconds) for index in range(3)]
    futures.append(query.submit(3, seconds))
    return [future.result() for future in futures]


# %% tags=["guess"]
guess = predict("waiters that fill the pool", query_3="waits")

# %%
set_limit("pitfall-waiters", 1)
full = observe(waiters_fill_pool_wrong, 0.5)
last = next(span for span in full.timeline if span.name == "query-3")

# %%
first_end = min(span.end for span in full.timeline)
guess.compare(query_3="runs" if last.start < first_end else "waits")

# %% tags=["nbval-check-output"]
print("query 3 began before any other had ended:", last.start < first_end)

# %%
full.plot()

# %% [markdown]
# A task run that waits for its slot occupies a worker. Two tagged queries fill both workers, but one only waits. So
# query 3 waits too. It has no grey bar: Prefect records a run only when a worker takes it. If only some of a flow's
# tasks have a limit, keep the default task runner, which has a worker for every task.

# %% [markdown]
# ## A client that is killed
#
# This program takes the only slot of `pitfall-killed` and keeps it for a minute. I run it twice in another process, and
# end it in a different way each time.

# %%
HOLD_A_SLOT = """
import time
from prefect import flow, task
@task(tags=["pitfall-killed"])
def hold_a_slot():
    print("I have my slot", flush=True)
    time.sleep(60)

@flow
def client():
    hold_a_slot()
client()
"""


def client_with_slot():
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-c", HOLD_A_SLOT], **quiet)
    process.stdout.readline()  # by now it has its slot
    return process


# %% [markdown]
# `.terminate()` asks a process to end, like `kill`; `.kill()` ends it by force, like `kill -9`. (On Windows both use
# force.) How many slots are still taken after each?

# %% tags=["guess"]
guess = predict("a client that is killed", terminated=0, killed=1)

# %%
remove_limit("pitfall-killed")  # frees a slot left taken by an earlier run of this cell
set_limit("pitfall-killed", 1)
with client_with_slot() as process:
    process.terminate()
terminated = slots_taken("pitfall-killed")
with client_with_slot() as process:
    process.kill()
killed = slots_taken("pitfall-killed")

# %%
guess.compare(terminated=terminated, killed=killed)

# %% tags=["nbval-check-output"]
print("slots taken: after terminate()", terminated, "- after kill()", killed)

# %% [markdown]
# A process that is asked to end releases its slots. A killed one can't. A slot is lent for a minute, and only a live
# client renews this *lease*. Soon after it runs out, the server takes the slot back: call
# `slots_taken("pitfall-killed")` again in a minute and a half.

# %% [markdown]
# ## Leaked slots
#
# If the *server* dies while slots are held, it forgets their leases, but its database keeps the count. Those slots
# *leak*: they stay taken. I imitate that: with a limit of 3, I mark two slots as taken and run four queries. How many
# run at once?


# %%
@flow
def under_the_limit(count, seconds):
    tagged = query.with_options(tags=["pitfall-leak"])
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


# %% tags=["guess"]
guess = predict("leaked slots", at_once=1)

# %%
set_limit("pitfall-leak", 3)
# !prefect gcl update tag:pitfall-leak --active-slots 2

# %%
leaked = observe(under_the_limit, 4, 0.5)
guess.compare(leaked)

# %% tags=["nbval-check-output"]
print(leaked.state.name, "- at most", leaked.timeline.peak, "at once")
print("slots still taken:", slots_taken("pitfall-leak"))
# Free them again:
# !prefect gcl update tag:pitfall-leak --active-slots 0

# %% [markdown]
# The flow is just slow. If all three slots had leaked, it would hang without an error.

# %% [markdown]
# ### Exercise 6.3 · Free leaked slots
#
# Write `free_slots(tag)`: it frees all slots of the limit on `tag`. Don't delete and recreate the limit, don't change
# its size, and leave other limits as they are.


# %% tags=["exercise-6.3"]
def free_slots(tag):
    # >>> your code
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

    with get_client(sync_client=True) as client:
        freed = GlobalConcurrencyLimitUpdate(active_slots=0)
        client.update_global_concurrency_limit(f"tag:{tag}", freed)
    # <<< your code


# %%
check("6.3", free_slots)

# %%
# hint("6.3", 1)

# %%
# hint("6.3", 2)

# %%
# hint("6.3", 3)

# %%
# solution("6.3")

# %% [markdown]
# Free slots only while no task run with the tag is running; otherwise a slot can be given out twice. To make leases
# survive a restart, set this for the server:
# `PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE=prefect.server.concurrency.lease_storage.filesystem`.

# %% [markdown]
# ## Three lines to remember
#
# 1. A limit works if it's for exactly the task's tag, exists before the first task run, and isn't 0.
# 2. A task run holds its slot from start to end, through retry delays and while it waits for another task.
# 3. Fewer at once than the limit allows? `prefect gcl inspect` shows how many slots are taken; some may have leaked.
#
# Prefect's documentation: [tag-based concurrency
# limits](https://docs.prefect.io/v3/concepts/tag-based-concurrency-limits) · [`prefect
# gcl`](https://docs.prefect.io/v3/api-ref/cli/gcl) ·
# [retries](https://docs.prefect.io/v3/how-to-guides/workflows/retries). For quick reference: the [cheat
# sheet](../docs/cheat_sheet.md) and the [glossary](../docs/glossary.md).

# %%
progress_report(6)

# %% [markdown]
# Next: [07 · Which limit when](07_which_limit_when.ipynb). My solutions to this lesson are in
# [solutions/06_limits_that_do_not_limit.ipynb](../solutions/06_limits_that_do_not_limit.ipynb).
