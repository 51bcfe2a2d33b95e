# %% [markdown]
# # 00 · Start here
#
# Every night my small shop sends twenty queries to its database. In this lesson you run a few of them as a Prefect
# flow, see how they ran, and pass two checks.
#
# **20 minutes** · two exercises · no previous knowledge of Prefect needed

# %% [markdown]
# ## Start the server
#
# Prefect runs your Python functions and records each run on a server. Run a cell with Shift+Enter: the first one starts
# the workbook's own server, or finds it if it's running already. The very first start takes up to half a minute. The
# server keeps its files in the folder `.workbook` and doesn't touch your own Prefect settings.

# %%
from workbook import check, hint, live, observe, predict, progress_report, server, solution

server.ensure()

# %% [markdown]
# The second address above opens Prefect's web UI. Every flow that you run in these lessons shows up there, with its log
# lines.
#
# <details><summary>No address, or an error?</summary>
#
# Run `!workbook doctor` in a new cell. It looks at everything that the lessons need and names the command that fixes
# what is wrong.
# </details>

# %% [markdown]
# ## A task and a flow
#
# `ask(index, seconds)` sends query number `index`, from 0 to 19, to a real database and makes it take `seconds` to
# answer. Below, the function `query` calls `ask`. With `@task`, every call of `query` becomes a *task run*: Prefect
# records when it started and when it ended.

# %% tags=["setup"]
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


# %% [markdown]
# `ask` is a plain function. Here are the first rows of its answer:

# %%
ask(1, 0.1)[:3]

# %% [markdown]
# With `@flow`, a function becomes a *flow*, which can call tasks. This one calls `query` in a loop.


# %%
@flow
def one_after_another(indexes, seconds):
    return [query(index, seconds) for index in indexes]


# %% [markdown]
# ## Predict, run, compare
#
# Five queries, half a second each. How many seconds will pass between the first start and the last end? And how many
# queries will run at the same time, at most? Replace each `...` with your guess.

# %% tags=["guess"]
guess = predict("one after another", seconds=2.5, at_once=1)

# %% [markdown]
# `observe` runs the flow and collects Prefect's records of it. `live` draws the run while it happens.

# %%
slow = observe(one_after_another, range(5), 0.5, live=live(prediction=guess))

# %%
guess.compare(slow)

# %% [markdown]
# The figure is a *timeline*: a bar for every task run, and below the bars how many ran at once. Everything in it,
# except your guess, comes from Prefect's own records.

# %% tags=["nbval-check-output"]
print(len(slow.result), "answers,", slow.state.name, "- at most", slow.timeline.peak, "at once")

# %% [markdown]
# ## All at once
#
# Now one thing changes. `query.submit(…)` starts a query and returns immediately with a *future*, a promise of the
# result. After all five are submitted, `future.result()` waits for each.


# %%
@flow
def all_at_once(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]


# %% tags=["guess"]
guess = predict("all at once", seconds=0.5, at_once=5)

# %%
quick = observe(all_at_once, range(5), 0.5, live=live(prediction=guess))

# %%
guess.compare(quick)

# %% [markdown]
# ## Compare the two runs
#
# Both runs on one time axis. The width of a run is how long it took, its height is how many tasks ran at once. The area
# is the work done, and it's about the same in both.

# %%
from workbook.plots import comparison

comparison({"one after another": slow.timeline, "all at once": quick.timeline})

# %% tags=["nbval-check-output"]
print("same answers:", slow.result == quick.result)

# %% [markdown]
# <details><summary>Why isn't the second run exactly as short as one query?</summary>
#
# Look at its bars. They start a little apart, because the queries are submitted one by one. Each lasts longer than its
# query, because Prefect does some work before and after it. The shorter your tasks, the more this overhead counts.
# </details>
#
# <details><summary>Can it do any harm to run everything at once?</summary>
#
# Yes: the database had to answer five queries at the same time. Lesson 02 shows what happens with twenty, and lesson 03
# how a limit protects the database.
# </details>

# %% [markdown]
# ## Checks
#
# In an exercise you write code between the two marks, `>>> your code` and `<<< your code`. The check below it runs your
# code with new arguments and judges *how it ran*. If you haven't written anything yet, it just says so.

# %% [markdown]
# ### Exercise 0.1 · Make one check pass
#
# Write the flow `first_flow(index, seconds)`. It runs query `index` in a task and returns its rows. Delete the `raise`
# line first; you can use the task `query` from above.


# %% tags=["exercise-0.1"]
@flow
def first_flow(index, seconds):
    # >>> your code
    return query(index, seconds)
    # <<< your code


# %%
check("0.1", first_flow)

# %% [markdown]
# Stuck? Remove the `#` in one of these cells and run it. Each hint says a little more than the one before, and
# `solution` shows the answer.

# %%
# hint("0.1", 1)

# %%
# hint("0.1", 2)

# %%
# solution("0.1")

# %% [markdown]
# ### Exercise 0.2 · Predict any run
#
# Write the function `seconds_needed(count, seconds, at_once)`. It returns the time in seconds for `count` queries that
# take `seconds` each, at most `at_once` at a time, if Prefect itself takes no time. This one needs no flow.


# %% tags=["exercise-0.2"]
import math


def seconds_needed(count, seconds, at_once):
    # >>> your code
    return math.ceil(count / at_once) * seconds
    # <<< your code


# %%
check("0.2", seconds_needed)

# %%
# hint("0.2", 1)

# %%
# hint("0.2", 2)

# %%
# hint("0.2", 3)

# %%
# solution("0.2")

# %% [markdown]
# ## Three lines to remember
#
# 1. A task that you *call* runs right now, and the flow waits for it.
# 2. A task that you *submit* runs in the background; `.result()` waits for it.
# 3. A timeline shows you which of the two really happened.
#
# Prefect's documentation: [flows](https://docs.prefect.io/v3/concepts/flows) ·
# [tasks](https://docs.prefect.io/v3/concepts/tasks). For quick reference: the [cheat sheet](../docs/cheat_sheet.md) and
# the [glossary](../docs/glossary.md).

# %%
progress_report(0)

# %% [markdown]
# Next: [01 · Sequential](01_sequential.ipynb). What if one query needs another's answer? My solutions to this lesson
# are in [solutions/00_start_here.ipynb](../solutions/00_start_here.ipynb).
