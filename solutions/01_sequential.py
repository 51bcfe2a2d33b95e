# %% [markdown]
# # 01 · Sequential
#
# Some steps need what an earlier step has found. In this lesson you put tasks in order by passing on what they return,
# let everything else run at the same time, and learn to spot tasks that wait for each other for no reason.
#
# **40 minutes** · three exercises · you need [00 · Start here](00_start_here.ipynb)

# %%
from workbook import check, hint, live, observe, predict, progress_report, server, solution

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
# My morning report has three steps: find my best customers (query 1), pick the city of the best one, and look up what
# an average order is worth there (query 3). The last two steps are new tasks. They have no `task_run_name`, so Prefect
# makes up a name for each run, such as `best_city-7e4`:


# %%
@task
def best_city(customers):
    return customers[0]["city"]


@task
def order_value(city, seconds):
    return [row for row in ask(3, seconds) if row["city"] == city]


# %% [markdown]
# Each step needs what the one before it returned, so they can't run in any other order.


# %%
@flow
def report(seconds):
    customers = query(1, seconds)
    city = best_city(customers)
    return order_value(city, seconds)


# %% [markdown]
# The two queries take 0.6 s each, and `best_city` takes next to no time. How long will the whole report take, and how
# many of its tasks will run at once?

# %% tags=["guess"]
guess = predict("three steps, called", seconds=1.2, at_once=1)

# %%
called = observe(report, 0.6, live=live(prediction=guess))

# %%
guess.compare(called)

# %% tags=["nbval-check-output"]
print(called.result)
print(len(called.timeline), "task runs, at most", called.timeline.peak, "at once")

# %% [markdown]
# ## Futures keep the order
#
# In lesson 00, tasks that were submitted ran at the same time. Now I submit all three steps, and pass each future on
# to the next step as if it were the result. Does that make the report faster?


# %%
@flow
def submitted_report(seconds):
    customers = query.submit(1, seconds)
    city = best_city.submit(customers)
    return order_value.submit(city, seconds).result()


# %% tags=["guess"]
guess = predict("three steps, submitted", seconds=1.2, at_once=1)

# %%
submitted = observe(submitted_report, 0.6, live=live(prediction=guess))

# %%
guess.compare(submitted)

# %% tags=["nbval-check-output"]
first, second, third = submitted.timeline
print("each began after the one before:", first.end <= second.start and second.end <= third.start)
print("the same report:", submitted.result == called.result)

# %% [markdown]
# A future among the arguments is a *dependency*: Prefect waits until it's done, then starts the task with its result.
# Your flow doesn't wait at all until it reaches `.result()`.
#
# <details><summary>Would more threads make this report faster?</summary>
#
# No. Prefect runs submitted tasks in threads, but each step of a chain waits for the one before, however many threads
# there are. That's why the second report took about as long as the first; any small difference is Prefect's overhead.
# Only shorter steps, or fewer of them, make it faster.
# </details>
#
# <details><summary>What are the grey bars and the gaps?</summary>
#
# Grey is the time that a task run waits to start. A gap is Prefect's own work.
# </details>

# %% [markdown]
# ## Wait without a result
#
# Sometimes a step needs no result from an earlier one but still has to come later, for example because it reads a table
# that the earlier one fills. Then name the earlier step's future in `wait_for`. Here `orders` gets `city` as an
# argument and `products` names it in `wait_for`, so both wait for it. How long do all four tasks take, and how many run
# at once?


# %%
@flow
def two_reports(seconds):
    city = best_city.submit(query.submit(1, seconds))
    orders = order_value.submit(city, seconds)
    products = query.submit(14, seconds, wait_for=[city])
    return orders.result(), products.result()


# %% tags=["guess"]
guess = predict("two reports after one step", seconds=1.2, at_once=2)

# %%
forked = observe(two_reports, 0.6, live=live(prediction=guess))

# %%
guess.compare(forked)

# %% tags=["nbval-check-output"]
city, *reports = [span for span in forked.timeline if span.name != "query-1"]
print("both waited for the city:", all(city.end <= span.start for span in reports))

# %% [markdown]
# Two steps that wait for the same future don't wait for each other. So write down only what each step really needs:
# Prefect runs the rest at the same time.

# %% [markdown]
# ## Sequential by accident
#
# Four queries need nothing from each other. Both of these flows submit them, and both call `.result()`, but in
# different places. How many queries run at once in each flow?


# %%
@flow
def result_in_loop_wrong(count, seconds):
    results = []
    for index in range(count):
        results.append(query.submit(index, seconds).result())
    return results


@flow
def result_in_loop_right(count, seconds):
    futures = [query.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


# %% tags=["guess"]
guess = predict("result in the loop", at_once_first_flow=1, at_once_second_flow=4)

# %%
wrong = observe(result_in_loop_wrong, 4, 0.6)
right = observe(result_in_loop_right, 4, 0.6)

# %%
guess.compare(at_once_first_flow=wrong.timeline.peak, at_once_second_flow=right.timeline.peak)

# %%
from workbook.plots import comparison

comparison({"result in the loop": wrong.timeline, "result after the loop": right.timeline})

# %% tags=["nbval-check-output"]
print("in the loop: at most", wrong.timeline.peak, "at once")
print("the same answers in the same order:", wrong.result == right.result)

# %% [markdown]
# `.result()` waits. While it waits for the first query, the loop can't submit the second. The upper run looks like a
# real chain. How can you tell that it isn't one? `explain` reads Prefect's records for you. It also names causes from
# later lessons; here, the cause is `.result()` in the loop:

# %%
from workbook.diagnosis import explain

explain(wrong.timeline)

# %% [markdown]
# <details><summary>How does it know that no result was passed?</summary>
#
# For each task run, Prefect records whose results it received. The submitted report has such a link from each step to
# the next; this run has none. If a step has to come later without using a result, Prefect can't know that unless you
# write `wait_for`.
# </details>

# %% [markdown]
# ### Exercise 1.1 · Extract, transform, load
#
# Here are three tasks. Write the flow `chain(index, seconds)`: `extract` runs query `index`, `transform` turns its rows
# into the number of the next query, and `load` runs that one. Return the rows that `load` returns.


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

# %%
# solution("1.1")

# %% [markdown]
# ### Exercise 1.2 · A diamond
#
# Write the flow `diamond(top, left, right, seconds)`. Use the task `query`: first for `top`, and after it for `left`
# and `right` *at the same time*. The last task, `count`, gets the rows of both. Return what it returns.


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

# %%
# solution("1.2")

# %% [markdown]
# ### Exercise 1.3 · A chain for each query
#
# `chains(indexes, seconds)` runs extract, transform and load for every index, and returns what each `load` returned, in
# the order of `indexes`. It works, but it runs one chain at a time. Fix it: all chains should run at the same time, and
# no step should wait for another chain.


# %% tags=["exercise-1.3"]
@flow
def chains(indexes, seconds):
    # >>> your code
    ends = []
    for index in indexes:
        rows = extract.submit(index, seconds)
        number = transform.submit(rows)
        ends.append(load.submit(number, seconds))
    return [future.result() for future in ends]
    # --- stub
    # raise NotImplementedError("1.3: delete this line, then change the loop below")
    # results = []
    # for index in indexes:
    #     rows = extract.submit(index, seconds).result()
    #     number = transform.submit(rows).result()
    #     results.append(load.submit(number, seconds).result())
    # return results
    # <<< your code


# %%
check("1.3", chains)

# %%
# hint("1.3", 1)

# %%
# hint("1.3", 2)

# %%
# hint("1.3", 3)

# %%
# solution("1.3")

# %% [markdown]
# ## Three lines to remember
#
# 1. If you pass a task's result or future to another task, the second waits for the first.
# 2. `wait_for=[future]` does the same when there is no result to pass.
# 3. `.result()` inside the loop that submits makes independent tasks run one after another.
#
# Prefect's documentation: [run work
# concurrently](https://docs.prefect.io/v3/how-to-guides/workflows/run-work-concurrently) ·
# [tasks](https://docs.prefect.io/v3/concepts/tasks). For quick reference: the [cheat sheet](../docs/cheat_sheet.md) and
# the [glossary](../docs/glossary.md).

# %%
progress_report(1)

# %% [markdown]
# Next: [02 · Parallel](02_parallel.ipynb), about queries that need nothing from each other. My solutions to this lesson
# are in [solutions/01_sequential.ipynb](../solutions/01_sequential.ipynb).
