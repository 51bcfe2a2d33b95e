# %% [markdown]
# # 02 · Parallel
#
# Queries that need nothing of each other can run at the same time. After this lesson you submit all and then collect,
# keep the order, survive the ones that fail, and know what a database says to twenty at once.
#
# **30 minutes** · three exercises · you need lesson 01.

# %%
from workbook import check, hint, observe, progress_report, server

server.ensure()

# %% tags=["setup"]
from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


# %% [markdown]
# ## Two lines that look alike
#
# Both flows submit, both call `.result()`. The first does so inside the loop, the second after it. How many will run
# at once in each?

# %%
prediction = (None, None)  # at most at once: in the loop, after it


@flow
def in_the_loop(indexes, seconds):
    return [query.submit(index, seconds).result() for index in indexes]


@flow
def after_it(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]


# %%
from workbook.plots import comparison

dont, do = observe(in_the_loop, range(4), 0.6), observe(after_it, range(4), 0.6)
print("predicted", prediction, "measured", (dont.timeline.peak, do.timeline.peak))
comparison({"in the loop": dont.timeline, "after it": do.timeline})

# %% tags=["nbval-check-output"]
print("in the loop: at most", dont.timeline.peak, "at once")
print("the same answers in the same order:", dont.result == do.result)

# %% [markdown]
# <details><summary>Why does the first run one at a time, though it submits?</summary>
#
# `result()` waits. As long as it waits for the first query the loop does not come round to submit the second. A future
# is of use only if you do something else before you ask it.
# </details>
#
# <details><summary>My own tasks run one at a time. How do I find out why?</summary>
#
# Look at when each was *created*. If that is after the one before had ended, nobody had submitted it: look for
# `.result()` in the loop, or a task that is called. `explain` below does this for you.
# </details>

# %%
from workbook.diagnosis import explain

print(explain(dont.timeline))

# %% [markdown]
# ## map
#
# `map` submits a task run for every element of a list and gives the futures back in order; `.result()` on them
# collects in that order, whichever ended first. What all task runs share goes into `unmapped`.

# %%
prediction = (None, None)  # seconds, at most at once


@flow
def mapped(indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()


seen = observe(mapped, [5, 3, 1], 0.8)
seen.plot(prediction=prediction)

# %% tags=["nbval-check-output"]
print([span.name for span in sorted(seen.timeline, key=lambda span: span.name)])
print("in the order of the list:", seen.result == [ask(5, 0), ask(3, 0), ask(1, 0)])

# %% [markdown]
# ## Order by luck
#
# `as_completed` gives futures as they end. That is right for a progress bar, and wrong for results that belong to
# places in a list. In both of these flows the first of three queries takes longest, and the last is quick.

# %%
from flows import pitfalls

prediction = None  # will the results be those of the list in the first run: True or False?
wrong, right = (
    observe(run, 3, 0.5) for run in (pitfalls.lost_order_wrong, pitfalls.lost_order_right)
)
comparison({"as they end": wrong.timeline, "as submitted": right.timeline})

# %% tags=["nbval-check-output"]
wanted = [ask(index, 0) for index in range(3)]
print("as they end, the results are in the order of the list:", wrong.result == wanted)
print("as submitted, they are:", right.result == wanted)

# %% [markdown]
# ## Twenty at once
#
# My shop's program keeps a pool of three connections to its database, and a query waits only so long for a free one.
# Now all twenty want one at the same time. How many get through?

# %%
prediction = (None, None)  # how many complete, how many fail
crowd = observe(pitfalls.exhausted_connections_wrong, 20, 0.5)
crowd.plot()

# %%
from collections import Counter

print("predicted", prediction, "measured", dict(Counter(span.state for span in crowd.timeline)))
print(str(crowd.error)[:160])

# %% tags=["nbval-check-output"]
print(len(crowd.timeline), "task runs; the flow:", crowd.state.name)
print("connections ran out:", "QueuePool limit" in str(crowd.error))

# %% [markdown]
# The same twenty, and nothing changed in the query: only the server lets three of them run at once. Each that may run
# finds a connection.

# %%
calm = observe(pitfalls.exhausted_connections_right, 20, 0.5)
failed = [sum(span.state == "FAILED" for span in seen.timeline) for seen in (crowd, calm)]
comparison(
    {"twenty at once": crowd.timeline, "three at a time": calm.timeline},
    limits={"three at a time": 3},
    title=f"Twenty at once: {failed[0]} fail; three at a time: {failed[1]}",
)

# %% tags=["nbval-check-output"]
print(
    len(calm.result),
    "results; the flow:",
    calm.state.name,
    "; never above three:",
    calm.timeline.peak <= 3,
)

# %% [markdown]
# <details><summary>Who was to blame: the pool, the database, or the flow?</summary>
#
# The flow: it asked for more at once than there is, and nothing told it not to. A larger pool moves the failure to the
# database's own maximum. What was missing is a limit, and it has to hold for all flows together: lesson 03.
# </details>
#
# <details><summary>The first was over sooner. Is it the better one?</summary>
#
# It was over because its queries had given up, and it has no results at all. A makespan is worth comparing only between
# runs that return the same.
# </details>

# %% [markdown]
# ### Exercise 2.1 · All at once, results in order
#
# Write `all_at_once(indexes, seconds)`: every query in a task run of its own, all at the same time, their rows in the
# order of `indexes`.


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

# %% [markdown]
# ### Exercise 2.2 · The same with map and unmapped
#
# `with_words(indexes, seconds, words)`: for every query a task run, all at the same time, returns the pair
# `[number of its rows, words]`. Every one of them is given the *whole* list `words`.


# %% tags=["exercise-2.2"]
@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), words]


@flow
def with_words(indexes, seconds, words):
    # >>> your code
    return count.map(indexes, unmapped(seconds), unmapped(words)).result()
    # <<< your code


# %%
check("2.2", with_words)

# %%
# hint("2.2", 1)

# %%
# hint("2.2", 2)

# %%
# hint("2.2", 3)

# %% [markdown]
# ### Exercise 2.3 · Two of them fail
#
# Some of these queries do not exist, and `ask` raises `LookupError`. `what_there_is(indexes, seconds)` completes all
# the same: it returns `{"answers": [rows of the others, in order], "failed": [indexes that failed, in order]}`.


# %% tags=["exercise-2.3"]
@flow
def what_there_is(indexes, seconds):
    # >>> your code
    futures = [query.submit(index, seconds) for index in indexes]
    results = [future.result(raise_on_failure=False) for future in futures]
    ended = [future.state.is_completed() for future in futures]
    return {
        "answers": [rows for rows, well in zip(results, ended) if well],
        "failed": [index for index, well in zip(indexes, ended) if not well],
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

# %% [markdown]
# ## What next?

# %%
progress_report(2)

# %% [markdown]
# My solution is in [solutions/02_parallel.ipynb](../solutions/02_parallel.ipynb). On to
# [03 · A limit that the server holds](03_server_side_limit.ipynb).
