# %% [markdown]
# # 01 · Sequential
#
# Some steps need what the step before has found. After this lesson you order tasks by passing results, you know what
# that costs, and you can tell a real dependency from an accidental one.
#
# **20 minutes** · two exercises · you need lesson 00.

# %%
from workbook import check, hint, observe, progress_report, server

server.ensure()

# %% tags=["setup"]
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


# %% [markdown]
# ## A result is a dependency
#
# My report has three steps: ask for the best customers, pick the city of the first, ask what an order is worth there.
# Each task is given what the one before returned, and that is all it takes to put them in order.


# %%
@task
def best_city(customers):
    return customers[0]["city"]


@task
def order_value(city, seconds):
    return [row for row in ask(3, seconds) if row["city"] == city]


# %%
prediction = (None, None)  # seconds, at most at once


@flow
def report(seconds):
    customers = query(1, seconds)
    city = best_city(customers)
    return order_value(city, seconds)


seen = observe(report, 0.6)
seen.plot(prediction=prediction)

# %% tags=["nbval-check-output"]
print(seen.result)
print("at most", seen.timeline.peak, "at once,", len(seen.timeline), "task runs")

# %% [markdown]
# ## The cost adds up
#
# A chain can be no quicker than its steps together, on any number of workers. Here is the pattern that the shop's own
# code uses, `sequential_flow`: every query is handed the results of all before it.

# %%
from flows import patterns

prediction = (None, None)  # seconds, at most at once
chain = observe(patterns.sequential_flow, range(6))
chain.plot(prediction=prediction)

# %% tags=["nbval-check-output"]
starts_after = [
    later.start >= earlier.end
    for earlier, later in zip(chain.timeline.spans, chain.timeline.spans[1:])
]
print("each began after the one before had ended:", all(starts_after))
print("peak:", chain.timeline.peak)

# %% [markdown]
# <details><summary>Would submit() make this chain quicker?</summary>
#
# No. A future that is given to another task is waited for. Prefect would start the second task when the first has
# ended, just as here: the order is in the data, and not in the way a task is called.
# </details>
#
# <details><summary>What are the gaps between the bars?</summary>
#
# Prefect's own work: creating a task run, asking the server, recording the end. `chain.timeline.makespan` minus
# `chain.timeline.busy` says how long they are in all on your machine.
# </details>

# %% [markdown]
# ## A chain that is none
#
# These six queries do not need each other. I only wrote them one below the other, and the picture is the same. This is
# the mistake to look for: order that nobody asked for. How long do they take in turn, how long all at once?


# %%
prediction = (None, None)  # seconds: by habit, as the data needs it


@flow
def by_habit(indexes):
    return [query(index, None) for index in indexes]


habit, free = observe(by_habit, range(6)), observe(patterns.parallel_flow, range(6))
print(
    "predicted",
    prediction,
    "measured",
    (round(habit.timeline.makespan, 1), round(free.timeline.makespan, 1)),
)

# %%
from workbook.plots import comparison

comparison({"by habit": habit.timeline, "as the data needs it": free.timeline})

# %% [markdown]
# `diagnosis` says it in words: it knows which task was given another's result, and which were only called in turn.

# %%
from workbook.diagnosis import explain

print(explain(habit.timeline))

# %% [markdown]
# ### Exercise 1.1 · Extract, transform, load
#
# Write `chain(index, seconds)` of three tasks: `extract` asks the query `index`; `transform` is given its rows and
# returns how many they are, modulo 20; `load` asks the query of that number. Return the rows that `load` got. The three
# tasks are there; the flow is yours.


# %% tags=["setup"]
@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return len(rows) % 20


@task
def load(number, seconds):
    return ask(number, seconds)


# %% tags=["exercise-1.1"]
@flow
def chain(index, seconds):
    # >>> your code
    rows = extract(index, seconds)
    number = transform(rows)
    return load(number, seconds)
    # <<< your code


# %%
check("1.1", chain)

# %%
# hint("1.1", 1)

# %%
# hint("1.1", 2)

# %%
# hint("1.1", 3)

# %% [markdown]
# ### Exercise 1.2 · A diamond
#
# `diamond(top, left, right, seconds)`, four task runs: the first asks `top`. When it has ended, two ask `left` and
# `right` *at the same time*. The last is given the rows of both and returns how many they are together.


# %% tags=["exercise-1.2"]
@task
def count(one, other):
    return len(one) + len(other)


@flow
def diamond(top, left, right, seconds):
    # >>> your code
    first = query.submit(top, seconds)
    one = query.submit(left, seconds, wait_for=[first])
    other = query.submit(right, seconds, wait_for=[first])
    return count.submit(one, other).result()
    # <<< your code


# %%
check("1.2", diamond)

# %%
# hint("1.2", 1)

# %%
# hint("1.2", 2)

# %%
# hint("1.2", 3)

# %% [markdown]
# ## What next?

# %%
progress_report(1)

# %% [markdown]
# My solution is in [solutions/01_sequential.ipynb](../solutions/01_sequential.ipynb). On to
# [02 · Parallel](02_parallel.ipynb): queries that need nothing of each other.
