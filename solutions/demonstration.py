# %% [markdown]
# # Twenty queries, three ways
#
# Every night my shop sends twenty queries to its database, which can handle three at a time. Each takes 0.2 to 1.2 s.
# How long do they take one after another, and how long all at once? (If you present this page, the [instructor's
# guide](../docs/instructor_guide.md#the-demonstration-page) says what to say at each cell.)

# %% tags=["guess"]
from workbook import live, observe, predict, server

server.ensure()

from prefect import flow, task

from workbook.limits import ensure_limit
from workbook.plots import comparison
from workbook.work import ask

ensure_limit("database", 3)
guess = predict("twenty queries", seconds_one_after_another=13, seconds_all_at_once=1.5)


# %%
@task(task_run_name="query-{index}")
def query(index):
    return ask(index)


@flow
def one_after_another():
    return [query(index) for index in range(20)]


@flow
def all_at_once():
    return query.map(range(20)).result()


slow, quick = observe(one_after_another, live=live()), observe(all_at_once, live=live())

# %%
print(guess.compare(
    seconds_one_after_another=slow.timeline.makespan,
    seconds_all_at_once=quick.timeline.makespan,
))  # fmt: skip
comparison({"one after another": slow.timeline, "all at once": quick.timeline})


# %%
@task(task_run_name="query-{index}", tags=["database"])  # the tag is the one change
def query(index):
    return ask(index)


limited = observe(all_at_once, live=live(limit=3))

# %%
runs = {"one after another": slow, "all at once": quick, "three at a time": limited}
comparison({name: run.timeline for name, run in runs.items()}, limits={"three at a time": 3})
