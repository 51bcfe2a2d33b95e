# %% [markdown]
# # 00 · Start here
#
# I run a small shop, and twenty questions go to its database every night. After this lesson you have run a flow, seen
# how it ran, and passed one check.
#
# **10 minutes** · one exercise · you need nothing but this notebook.

# %% [markdown]
# ## Is everything in place?
#
# Run a cell with Shift+Enter. The first one finds the workbook's own Prefect server, or starts it; the very first
# time that takes half a minute. It lives in this folder and leaves your own Prefect profile alone.

# %%
from workbook import check, hint, observe, progress_report, server

server.ensure()

# %% [markdown]
# The address above is worth a click: every flow of these lessons shows up in that web UI, with all its log lines. A
# notebook shows only what its cells are about.

# %% [markdown]
# <details><summary>What if there is no address above, or a flow does not run?</summary>
#
# Run `!workbook doctor` in a cell of its own: it looks at everything these lessons stand on, and names the command
# that mends what is amiss. `curl` on the address with `/health` at its end asks the server alone, and
# `echo $PREFECT_API_URL` tells whether your shell names another one.
# </details>

# %% tags=["setup"]
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


# %% [markdown]
# `ask(index, seconds)` puts one of my twenty questions to a real database, which takes `seconds` over it. `@task`
# around it makes every call a *task run*: Prefect records when it was created, when it started, when it ended.

# %%
query.fn(1, 0.1)[:3]

# %% [markdown]
# ## A first flow
#
# Five queries of half a second, one after the other. Before you run it: how many seconds from the first start to the
# last end? How many at once, at the most? Put your guess in place of the two `None`.

# %%
prediction = (None, None)  # seconds, at most at once


@flow
def one_after_another(indexes, seconds):
    return [query(index, seconds) for index in indexes]


slow = observe(one_after_another, range(5), 0.5)
slow.plot(prediction=prediction)

# %% [markdown]
# That is a timeline: a bar for every task run, and below it how many ran at once. It is drawn from Prefect's own
# records, and so is every number in its title. `observe` runs a flow and comes back with its result, too.

# %% tags=["nbval-check-output"]
print(len(slow.result), "answers;", slow.state.name, "; at most", slow.timeline.peak, "at once")

# %% [markdown]
# ## The same, all at once
#
# One thing changes: `submit` hands a query over and comes back at once with a *future*. I collect the results when all
# are submitted. Guess again.

# %%
prediction = (None, None)  # seconds, at most at once


@flow
def all_at_once(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]


quick = observe(all_at_once, range(5), 0.5)
quick.plot(prediction=prediction)

# %% [markdown]
# ## Side by side
#
# Both runs over one time axis: each is as wide as it took, and as tall as its tasks ran at once. The area is the work,
# and it is the same.

# %%
from workbook.plots import comparison

comparison({"one after another": slow.timeline, "all at once": quick.timeline})

# %% tags=["nbval-check-output"]
print("the same answers:", slow.result == quick.result)

# %% [markdown]
# <details><summary>Why is the second not five times as quick as the first?</summary>
#
# Look at where its bars start, and how long they are. The five are submitted one by one; and around each query Prefect
# does some work of its own, now for five on the same cores. The shorter the queries, the more that counts.
# `quick.timeline.ideal(5)` is what no schedule of these bars could beat.
# </details>
#
# <details><summary>And who could be hurt by it?</summary>
#
# The database: it had five queries to answer at the same time. Lesson 02 shows what it says to twenty, and lesson 03
# how a limit keeps them apart.
# </details>

# %% [markdown]
# ## How checks work
#
# An exercise is a cell with a gap between two marks, and a check below it. The check runs your flow several times with
# other arguments, in a process of its own, and judges *how it ran*. Until you have written something it only says so.

# %% [markdown]
# ### Exercise 0.1 · Make one check pass
#
# Write the flow `first_flow(index, seconds)`: it asks the query `index`, inside one task, and returns its rows. Delete
# the `raise` line; the task `query` from above is all that you need.


# %% tags=["exercise-0.1"]
@flow
def first_flow(index, seconds):
    # >>> your code
    return query(index, seconds)
    # <<< your code


# %%
check("0.1", first_flow)

# %% [markdown]
# Stuck? Take the `#` away in one of these and run it. Each says a little more than the one before.

# %%
# hint("0.1", 1)

# %%
# hint("0.1", 2)

# %% [markdown]
# ## What next?

# %%
progress_report(0)

# %% [markdown]
# My solution is in [solutions/00_start_here.ipynb](../solutions/00_start_here.ipynb). On to
# [01 · Sequential](01_sequential.ipynb): what if one query needs another's answer?
