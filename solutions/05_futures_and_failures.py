# %% [markdown]
# # 05 · Pitfalls: futures and failures
#
# My shop's nightly flow has been wrong in each of the ways below, and most nights it still said *Completed*. In this
# lesson you predict what each mistake does, watch it happen, and fix three of them.
#
# **45 minutes** · four exercises · you need [02 · Parallel](02_parallel.ipynb)

# %%
from workbook import check, hint, observe, predict, progress_report, server, solution

server.ensure()

# %% [markdown]
# Several runs here fail on purpose. Each mistake is a flow whose name ends in `_wrong`. `flows/pitfalls.py` has them
# all, each with a `_right` twin. Run any pair in a terminal, from the workbook's folder: `python flows/pitfalls.py
# forgotten_result`.

# %% tags=["setup"]
import os

from prefect import flow, get_run_logger, task
from prefect.futures import as_completed, wait
from sqlalchemy import make_url

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


# %% [markdown]
# ## The forgotten result
#
# There is no query 99, so the task run that asks for it fails. This flow submits three queries and forgets their
# futures.


# %%
@flow
def forgotten_result_wrong(seconds):
    for index in [0, 1, 99]:
        query.submit(index, seconds)
    return "all done"


# %% [markdown]
# In which state will the flow run end: `"Completed"` or `"Failed"`?

# %% tags=["guess"]
guess = predict("a forgotten result", state="Completed")

# %%
forgotten = observe(forgotten_result_wrong, 0.2)
guess.compare(forgotten)

# %% tags=["nbval-check-output"]
print("the flow run:", forgotten.state.name, "-", forgotten.result)
print("its task runs:", sorted(span.state for span in forgotten.timeline))

# %%
forgotten.plot(title="A query failed, and the flow run is Completed")

# %% [markdown]
# The web UI shows the failed task run in red. But this flow never calls `.result()`, so it never sees the error. (When
# the flow ends, Prefect waits for task runs that have started, and cancels the rest.) Alerts usually watch the flow
# run's state, which is Completed.
#
# <details><summary>Would <code>wait(futures)</code> be enough?</summary>
#
# No. It waits, but it returns the futures, failed or not, and raises nothing.
# </details>

# %% [markdown]
# ### Exercise 5.1 · The forgotten result
#
# `all_done` returns "all done" even if a query fails. Change it so that it waits for its queries, and fails if one of
# them does. They should still run all at once. Delete the `raise` line too.


# %% tags=["exercise-5.1"]
@flow
def all_done(indexes, seconds):
    # >>> your code
    futures = [query.submit(index, seconds) for index in indexes]
    for future in futures:
        future.result()
    # --- stub
    # raise NotImplementedError("5.1: fix this flow, then delete this line")
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

# %%
# solution("5.1")

# %% [markdown]
# ## The result in the loop
#
# You met this one in lesson 01: `.result()` right after `.submit()`. The rows are correct, so a test of the rows won't
# find it. How many of the four queries run at the same time?


# %%
@flow
def result_in_loop_wrong(count, seconds):
    results = []
    for index in range(count):
        results.append(query.submit(index, seconds).result())
    return results


# %% tags=["guess"]
guess = predict("the result in the loop", at_once=1)

# %%
in_loop = observe(result_in_loop_wrong, 4, 0.2)
in_loop.plot(prediction=guess)

# %%
guess.compare(in_loop)

# %% [markdown]
# The loop waits with `.result()`, so the next query isn't even submitted while this one runs. If your tasks run one
# after another, look for this first.

# %% [markdown]
# ## The lost order
#
# `as_completed` gives you each future when its task run has finished. Here the first of three queries takes longest,
# and the last is the quickest.


# %%
@flow
def lost_order_wrong(count, seconds):
    futures = [query.submit(index, seconds * (count - index)) for index in range(count)]
    return [future.result() for future in as_completed(futures)]


# %%
@flow
def lost_order_right(count, seconds):
    futures = [query.submit(index, seconds * (count - index)) for index in range(count)]
    return [future.result() for future in futures]


# %% [markdown]
# Which query's rows come first in the wrong flow's list: 0, 1 or 2?

# %% tags=["guess"]
guess = predict("a lost order", first_query=2)

# %%
wrong, right = observe(lost_order_wrong, 3, 0.5), observe(lost_order_right, 3, 0.5)
rows = [ask(index, 0) for index in range(3)]

# %%
guess.compare(first_query=rows.index(wrong.result[0]))

# %% tags=["nbval-check-output"]
print("the right flow returns the rows of", [rows.index(part) for part in right.result])

# %%
wrong.plot()

# %% [markdown]
# `as_completed` is made for progress displays. If the order of the results matters, go through your own list of
# futures. `wait()` doesn't help: it returns sets, which have no order.
#
# <details><summary>Does it cost time to collect the slowest query first?</summary>
#
# No. The others go on while you wait for it. Either way you're done when the slowest query is.
# </details>

# %% [markdown]
# ### Exercise 5.2 · Two orders
#
# Query `indexes[0]` takes `durations[0]` seconds, and so on. Fix both lists: `finished` should have the numbers of the
# queries in the order in which they *finished*, and `rows` should have the rows in the order of `indexes`. The code
# below gets both wrong.


# %% tags=["exercise-5.2"]
@flow
def in_order(indexes, durations):
    futures = [
        query.submit(index, seconds) for index, seconds in zip(indexes, durations, strict=True)
    ]
    # >>> your code
    number = dict(zip(futures, indexes, strict=True))
    finished = [number[future] for future in as_completed(futures)]
    rows = [future.result() for future in futures]
    # --- stub
    # raise NotImplementedError("5.2: fix this flow, then delete this line")
    # finished = indexes
    # rows = [future.result() for future in as_completed(futures)]
    # <<< your code
    return finished, rows


# %%
check("5.2", in_order)

# %%
# hint("5.2", 1)

# %%
# hint("5.2", 2)

# %%
# hint("5.2", 3)

# %%
# solution("5.2")

# %% [markdown]
# ## Returned futures
#
# What if a flow returns the futures themselves? The caller gets a list. What is each element: rows (a `"list"`), a
# `"PrefectConcurrentFuture"` or a `"State"`? And in which state does the flow run end?


# %%
@flow
def returned_futures_wrong(count, seconds):
    return [query.submit(index, seconds) for index in range(count)]


# %% tags=["guess"]
guess = predict("returned futures", element="State", state="Completed")

# %%
returned = observe(returned_futures_wrong, 3, 0.2)
guess.compare(returned, element=type(returned.result[0]).__name__)

# %% tags=["nbval-check-output"]
print(returned.state.name, "-", [state.name for state in returned.result])

# %% [markdown]
# Prefect waits for futures that a flow returns in a list, and replaces each with its final state. If one of them
# failed, the flow run fails too, with only "1/3 states failed" as its message. Collect the rows, and return those.

# %% [markdown]
# ## Errors as results
#
# With `raise_on_failure=False`, `.result()` returns the exception instead of raising it. Both flows below wait for all
# queries; the second one then looks at their states. In which state does each flow run end?


# %%
@flow
def errors_as_results_wrong(seconds):
    futures = [query.submit(index, seconds) for index in [0, 1, 99]]
    results = [future.result(raise_on_failure=False) for future in futures]
    return len(results)


# %%
@flow
def errors_as_results_right(seconds):
    futures = [query.submit(index, seconds) for index in [0, 1, 99]]
    wait(futures)
    failed = [future for future in futures if not future.state.is_completed()]
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(futures)} queries failed")
    return len(futures)


# %% tags=["guess"]
guess = predict("errors as results", state_wrong_flow="Completed", state_right_flow="Failed")

# %%
wrong, right = observe(errors_as_results_wrong, 0.2), observe(errors_as_results_right, 0.2)
guess.compare(state_wrong_flow=wrong.state.name, state_right_flow=right.state.name)

# %% tags=["nbval-check-output"]
print("wrong:", wrong.state.name, "-", wrong.result, "results")
print("right:", right.state.name, "-", right.error)

# %% [markdown]
# The wrong flow counts an exception as a result. Use `raise_on_failure=False` only if you then look at what you got.

# %% [markdown]
# ## Credentials
#
# Everyone who can read the repository can read a password in it. Here the password is in a default argument, and the
# flow logs it as well.


# %%
@flow
def hardcoded_credential_wrong(
    database_url="postgresql://learner:not-a-real-password@db.example/shop",
):
    get_run_logger().info("Connecting to %s", database_url)
    return make_url(database_url).host


@flow
def hardcoded_credential_right():
    database_url = os.environ.get("DATABASE_URL")
    get_run_logger().info("DATABASE_URL is %s", "set" if database_url else "not set")


# %% [markdown]
# You run the wrong flow without any argument. Does the server keep the password among the run's parameters: `"yes"` or
# `"no"`?

# %% tags=["guess"]
guess = predict("a password in the code", parameters="yes")

# %%
wrong, right = observe(hardcoded_credential_wrong), observe(hardcoded_credential_right)

# %% tags=["nbval-check-output"]
from prefect.client.orchestration import get_client

with get_client(sync_client=True) as client:
    parameters = client.read_flow_run(wrong.flow_run_id).parameters
    print("wrong:", parameters)
    print("right:", client.read_flow_run(right.flow_run_id).parameters)

# %%
guess.compare(parameters="yes" if "not-a-real-password" in str(parameters) else "no")

# %% [markdown]
# Defaults are parameters too. Everyone who can open the web UI sees them, and each run's log lines:

# %%
# !prefect flow-run logs {wrong.flow_run_id}

# %% [markdown]
# So read a secret inside the flow, from the environment, and never log it. You may log the database's host, or that the
# variable is set.
#
# <details><summary>Is <code>def connect(database_url=os.getenv("DATABASE_URL"))</code> any better?</summary>
#
# The password is no longer in the repository, but it's still a parameter on the server. And Python reads a default
# once, when it loads the code, so the flow doesn't notice a new password.
# </details>

# %% [markdown]
# ### Exercise 5.3 · The credential in the code
#
# `connect` returns the host of the database that it would use. (`make_url` splits an address into its parts.) Fix it:
# `connect` reads the environment variable `DATABASE_URL` each time it runs, fails if that isn't set, and shows no part
# of the password anywhere. With `log_prints=True`, what the flow prints goes to the server's logs too.


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
#     raise NotImplementedError("5.3: fix this flow, then delete this line")
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

# %%
# solution("5.3")

# %% [markdown]
# ## Seven endings
#
# Something goes wrong in each flow. A task called with `return_state=True` returns its state instead of raising. Which
# of these flow runs end as Completed all the same?


# %%
@flow
def waited_for():
    wait([query.submit(99, 0.1)])


@flow
def not_raised():
    return query.submit(99, 0.1).result(raise_on_failure=False)


@flow
def state_read():
    return query(99, 0.1, return_state=True).name


@flow
def state_returned():
    return query(99, 0.1, return_state=True)


# %%
@flow
def futures_in_a_list():
    return [query.submit(index, 0.1) for index in [0, 99]]


@flow
def futures_in_a_dict():
    return {"sales": query.submit(0, 0.1), "stock": query.submit(99, 0.1)}


@flow
def interrupted():
    raise KeyboardInterrupt


# %% [markdown]
# ### Exercise 5.4 · Say how they end
#
# Write `states()`. It returns a dict with all seven names, each with the state in which that flow run ends:
# `"Completed"`, `"Failed"` or `"Crashed"`. *Crashed* means that the run was cut off, for example by Ctrl+C. The check
# explains the first wrong state.


# %% tags=["exercise-5.4"]
def states():
    # >>> your code
    return {
        "waited_for": "Completed",
        "not_raised": "Completed",
        "state_read": "Completed",
        "state_returned": "Failed",
        "futures_in_a_list": "Failed",
        "futures_in_a_dict": "Completed",
        "interrupted": "Crashed",
    }
    # <<< your code


# %%
check("5.4", states)

# %%
# hint("5.4", 1)

# %%
# hint("5.4", 2)

# %%
# hint("5.4", 3)

# %%
# solution("5.4")

# %% [markdown]
# ## Three lines to remember
#
# 1. A failed task run fails the flow run only if the flow raises an error, or returns that task's state or future
#    (alone or in a list).
# 2. Keep your futures in a list, and call `.result()` on each, after the loop that submits.
# 3. The server keeps parameters and logs, so a secret belongs in neither.
#
# Prefect's documentation: [running work
# concurrently](https://docs.prefect.io/v3/how-to-guides/workflows/run-work-concurrently) ·
# [states](https://docs.prefect.io/v3/concepts/states) ·
# [futures](https://docs.prefect.io/v3/api-ref/python/prefect-futures). For quick reference: the [cheat
# sheet](../docs/cheat_sheet.md) and the [glossary](../docs/glossary.md).

# %%
progress_report(5)

# %% [markdown]
# Next: [06 · Pitfalls: limits that don't limit](06_limits_that_do_not_limit.ipynb). My solutions to this lesson are in
# [solutions/05_futures_and_failures.ipynb](../solutions/05_futures_and_failures.ipynb).
