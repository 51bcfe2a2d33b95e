# %% [markdown]
# # 02 · Parallel
#
# Queries that need nothing from each other can run at the same time. In this lesson you start many at once, keep their
# results in order, deal with those that fail, and see what twenty at once do to a database.
#
# **45 minutes** · three exercises · you need [01 · Sequential](01_sequential.ipynb)

# %%
from workbook import check, hint, live, observe, predict, progress_report, server, solution

server.ensure()

# %% tags=["setup"]
from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


# %% [markdown]
# ## Submit all, then collect
#
# Real queries don't all take the same time. These three take 2.5, 0.4 and 1 s, and the flow waits for the slowest one
# first. Do the others have to wait for it, too? How long will all three take, and how many run at once?


# %%
@flow
def collect_in_order(durations):
    futures = [query.submit(index, seconds) for index, seconds in enumerate(durations)]
    return [future.result() for future in futures]


# %% tags=["guess"]
guess = predict("the slowest first", seconds=2.5, at_once=3)

# %%
in_order = observe(collect_in_order, [2.5, 0.4, 1], live=live(prediction=guess))

# %%
guess.compare(in_order)

# %% [markdown]
# All three run in the background, whatever the flow is waiting for. When the flow gets to the second future, its result
# is already there. So it costs nothing to collect in the order of your list, and the results are in that order, too:

# %% tags=["nbval-check-output"]
rows = [ask(index, 0) for index in range(3)]
print("in the order of the list:", in_order.result == rows)

# %% [markdown]
# ## Order of finishing
#
# `as_completed` hands you each future as soon as it's done. Use it for a progress bar, or to go on right away with
# whatever is ready. The three queries take as long as before. Which query (0, 1 or 2) comes first in the results, and
# which comes last?

# %%
from prefect.futures import as_completed


@flow
def collect_as_they_finish(durations):
    futures = [query.submit(index, seconds) for index, seconds in enumerate(durations)]
    return [future.result() for future in as_completed(futures)]


# %% tags=["guess"]
guess = predict("as they finish", first_place=1, last_place=0)

# %%
as_finished = observe(collect_as_they_finish, [2.5, 0.4, 1])

# %%
order = [rows.index(found) for found in as_finished.result]
guess.compare(first_place=order[0], last_place=order[-1])

# %% tags=["nbval-check-output"]
print("the same results:", sorted(order) == [0, 1, 2])
print("query 0, the slowest, comes last:", order[-1] == 0)

# %% [markdown]
# If the order of the results matters, collect from your own list of futures. If it doesn't, use `as_completed`.

# %% [markdown]
# ## Map
#
# `query.map(indexes, …)` submits a task run for each element of a list, and returns a list of futures in the same
# order. Call `.result()` on that list to collect all results. Wrap an argument in `unmapped` if all task runs share it.
# Four queries of 0.8 s: how long, and how many at once?


# %%
@flow
def mapped(indexes, seconds):
    futures = query.map(indexes, unmapped(seconds))
    return futures.result()


# %% tags=["guess"]
guess = predict("map", seconds=0.8, at_once=4)

# %%
four = observe(mapped, [7, 5, 3, 1], 0.8, live=live(prediction=guess))

# %%
guess.compare(four)

# %% tags=["nbval-check-output"]
print("in the order of the list:", four.result == [ask(index, 0) for index in (7, 5, 3, 1)])

# %% [markdown]
# <details><summary>What happens without <code>unmapped</code>?</summary>
#
# For a number or string, nothing changes: Prefect gives it to every task run anyway. But a list would be dealt out, one
# element to each task run. You'll see that in exercise 2.2.
# </details>

# %% [markdown]
# ## When one of them fails
#
# There is no query 99, so `ask(99, seconds)` raises a `LookupError`. Now 99 is one of three. Will the flow run end
# `"Completed"` or `"Failed"`? And how many task runs complete?


# %%
@flow
def results_of(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]


# %% tags=["guess"]
guess = predict("one of three fails", state="Failed", completed_task_runs=2)

# %%
one_failed = observe(results_of, [1, 99, 2], 0.8)

# %%
guess.compare(one_failed, completed_task_runs=len(one_failed.timeline.where(state="COMPLETED")))

# %% tags=["nbval-check-output"]
print(one_failed.state.name, "-", one_failed.error)
print("failed:", [span.name for span in one_failed.timeline.where(state="FAILED")])

# %% [markdown]
# A failed task doesn't stop the others. But `.result()` raises the task's error in your flow, so the flow fails as well
# and returns nothing, not even the rows of queries 1 and 2.
#
# `wait` only waits: it raises nothing. After it, each future's *state* says how its task ended. Will this flow run end
# `"Completed"` or `"Failed"`?

# %%
from prefect.futures import wait


@flow
def states_of(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    wait(futures)
    return [future.state.name for future in futures]


# %% tags=["guess"]
guess = predict("looking at states", state="Completed")

# %%
looked = observe(states_of, [1, 99, 2], 0.8)

# %%
guess.compare(looked)

# %% tags=["nbval-check-output"]
print(looked.state.name, "with", looked.result)

# %% [markdown]
# Now your flow decides what a failure means. It can return the answers it got, as in exercise 2.3, or raise an error
# that names every query that failed.

# %% [markdown]
# ## Twenty at once
#
# A database limits its connections, so a program opens just a few and lets its threads share them: a *pool*. Below, the
# workbook's `warehouse.engine` gives every run of `query_of_three` the same pool of three connections. If none is free,
# a query waits for one, but gives up after a third of its own duration.

# %%
from flows import warehouse


@task(task_run_name="query-{index}")
def query_of_three(index, seconds):
    pool = warehouse.engine(pool_size=3, pool_timeout=seconds / 3)
    return warehouse.query(index, seconds=seconds, pool=pool)


@flow
def exhausted_connections_wrong(count, seconds):
    futures = [query_of_three.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


# %% [markdown]
# Now twenty queries of 0.9 s want a connection at the same time. How many of them will fail?

# %% tags=["guess"]
guess = predict("twenty at once", failed_queries=17)

# %%
crowd = observe(exhausted_connections_wrong, 20, 0.9, live=live())

# %%
guess.compare(failed_queries=len(crowd.timeline.where(state="FAILED")))

# %% tags=["nbval-check-output"]
print(crowd.state.name, "-", type(crowd.error).__name__)
print("the pool was empty:", "QueuePool limit of size 3" in str(crowd.error))

# %% [markdown]
# Prefect starts whatever you submit, and nothing told it that there are only three connections. You can tell it with
# the flow's *task runner*, which runs submitted tasks in threads. Its threads are called *workers*: with three, it
# never runs more than three tasks at once. `with_options` copies the flow and gives the copy this task runner. How long
# do all twenty take now, and how many fail?

# %%
from prefect.task_runners import ThreadPoolTaskRunner

three_workers = exhausted_connections_wrong.with_options(
    name="three-workers", task_runner=ThreadPoolTaskRunner(max_workers=3)
)

# %% tags=["guess"]
guess = predict("three workers", seconds=6.3, failed_queries=0)

# %%
calm = observe(three_workers, 20, 0.9, live=live(limit=3, prediction=guess))

# %%
guess.compare(calm, failed_queries=len(calm.timeline.where(state="FAILED")))

# %% tags=["nbval-check-output"]
print(calm.state.name, "with", len(calm.result), "results")
print("never more than 3 at once:", calm.timeline.peak <= 3)

# %% [markdown]
# The *ideal* in the figure's title is the length of all bars together, divided by three workers. The ideal doesn't ask
# if twenty divides by three, so no run quite reaches it.
#
# <details><summary>The first run was over sooner. Doesn't that make it better?</summary>
#
# No: most of its queries had simply given up. Compare the times of two runs only if they return the same results.
# </details>
#
# <details><summary>Would a larger connection pool help?</summary>
#
# Only up to the number of connections that the database itself allows. Beyond that, it refuses them, and queries fail
# again.
# </details>
#
# <details><summary>And if two flows run at the same time?</summary>
#
# Then each has its own three workers, and six queries want a connection at once. Lesson 03 has a limit that holds for
# all flows together.
# </details>

# %% [markdown]
# ### Exercise 2.1 · All at once, results in order
#
# Write the flow `all_at_once(indexes, seconds)`: it runs each query of `indexes` in its own task run, all at the same
# time, and returns their rows in the order of `indexes`.


# %% tags=["exercise-2.1"]
@flow
def all_at_once(indexes, seconds):
    # >>> your code
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
    # <<< your code


# %%
check("2.1", all_at_once)

# %%
# hint("2.1", 1)

# %%
# hint("2.1", 2)

# %%
# hint("2.1", 3)

# %%
# solution("2.1")

# %% [markdown]
# ### Exercise 2.2 · The same list for every task
#
# In `with_words(indexes, seconds, words)` every task run should return the pair `[number of rows, words]`, with the
# *whole* list `words`. Delete the `raise` line, run the check, and read what your tasks were given. Then fix the call
# of `map`.


# %% tags=["exercise-2.2"]
@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), words]


@flow
def with_words(indexes, seconds, words):
    # >>> your code
    return count.map(indexes, unmapped(seconds), unmapped(words)).result()
    # --- stub
    # raise NotImplementedError("2.2: delete this line, check, then fix the next line")
    # return count.map(indexes, unmapped(seconds), words).result()
    # <<< your code


# %%
check("2.2", with_words)

# %%
# hint("2.2", 1)

# %%
# hint("2.2", 2)

# %%
# hint("2.2", 3)

# %%
# solution("2.2")

# %% [markdown]
# ### Exercise 2.3 · Some queries fail
#
# Some queries in `indexes` don't exist. Write the flow `what_there_is(indexes, seconds)`: it runs all of them at the
# same time and completes anyway. It returns `{"answers": [rows of those that exist], "failed": [numbers of those that
# failed]}`, both in the order of `indexes`.


# %% tags=["exercise-2.3"]
@flow
def what_there_is(indexes, seconds):
    # >>> your code
    futures = [query.submit(index, seconds) for index in indexes]
    wait(futures)
    completed = [future.state.is_completed() for future in futures]
    return {
        "answers": [future.result() for future, ok in zip(futures, completed) if ok],
        "failed": [index for index, ok in zip(indexes, completed) if not ok],
    }
    # <<< your code


# %%
check("2.3", what_there_is)

# %%
# hint("2.3", 1)

# %%
# hint("2.3", 2)

# %%
# hint("2.3", 3)

# %%
# solution("2.3")

# %% [markdown]
# ## Three lines to remember
#
# 1. Submit all, then collect from your own list: everything runs at once, and the results are in order.
# 2. A failed task doesn't stop tasks that don't need it; `.result()` raises its error in your flow.
# 3. Prefect starts whatever you submit. You have to tell it how many your database can take at once.
#
# Prefect's documentation: [run work
# concurrently](https://docs.prefect.io/v3/how-to-guides/workflows/run-work-concurrently) · [task
# runners](https://docs.prefect.io/v3/concepts/task-runners) ·
# [futures](https://docs.prefect.io/v3/api-ref/python/prefect-futures). For quick reference: the [cheat
# sheet](../docs/cheat_sheet.md) and the [glossary](../docs/glossary.md).

# %%
progress_report(2)

# %% [markdown]
# Next: [03 · Server-side limits](03_server_side_limits.ipynb), a limit that holds for all flows together. My solutions
# to this lesson are in [solutions/02_parallel.ipynb](../solutions/02_parallel.ipynb).
