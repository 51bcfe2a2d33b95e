# %% [markdown]
# # 10 · Deploy
#
# My shop's flow should run at night, while I'm asleep and my notebook is closed. In this lesson you deploy it, let a
# worker run it, give it a schedule, and cancel a run. You also see that the limit holds across several workers.
#
# **45 minutes** · two exercises · you need [09 · Production ETL](09_production_etl.ipynb)

# %%
from workbook import check, hint, observe_run, predict, progress_report, server, solution

server.ensure()

# %% tags=["setup"]
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.deployments import run_deployment
from prefect.schedules import Cron

# %% [markdown]
# ## A work pool
#
# Four things take part in a deployed run. The *server* knows what to run, and when. A *work pool* is where runs wait. A
# *deployment* tells the server how to run one flow. A *worker* takes runs out of one pool and runs them.
#
# The pool comes first. Workers of a `process` pool run each flow run in a separate process.

# %%
# !prefect work-pool create prod-pool --type process --overwrite

# %% [markdown]
# I added `--overwrite` so that you can run the cell again.
#
# ## A deployment
#
# The flow is `main_etl` in `flows/prefect_flow.py`, from lesson 09. The deployment records the folder in which you call
# the command, so I change to the workbook's folder first. `--no-prompt` stops the command from asking questions, which
# you couldn't answer here. `grep` shortens the output; on Windows, use WSL: some cells need a Unix shell.

# %%
# !cd .. && prefect deploy flows/prefect_flow.py:main_etl --name prod-etl --pool prod-pool \
#     --no-prompt | grep -o "Deployment .*created"

# %% [markdown]
# If you see no output, the command failed and `grep` hid the error. The usual cause is a missing pool: run the cell
# that creates it again.
#
# The deployment's full name is `main-etl-job/prod-etl`: the name in the flow's `@flow(name=…)`, a slash, and the name
# of the deployment. The code was not copied. If you change the file, the next run uses the change. To change the
# deployment itself, run `prefect deploy` again.
#
# ## Trigger a run
#
# A deployment by itself runs nothing. The next command creates one run. In which state will it be a moment later:
# `"Scheduled"`, `"Running"` or `"Completed"`?

# %% tags=["guess"]
guess = predict("a run without a worker", state="Scheduled")

# %%
# !prefect deployment run main-etl-job/prod-etl

# %% [markdown]
# This function asks the server for a deployment's latest run.

# %%
from prefect.client.schemas.filters import FlowRunFilter


def last_run(name):
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(name)
        return client.read_flow_runs(
            flow_run_filter=FlowRunFilter(deployment_id={"any_": [deployment.id]}),
            sort="EXPECTED_START_TIME_DESC",
            limit=1,
        )[0]


etl_run = last_run("main-etl-job/prod-etl")

# %%
guess.compare(state=etl_run.state.type.value.capitalize())

# %% tags=["nbval-check-output"]
print("state:", etl_run.state.type.value, "- started:", etl_run.start_time is not None)

# %% [markdown]
# No worker serves the pool yet, so nothing happens. The server keeps the run but never executes a flow's code; that's
# what a worker is for. If the run hasn't started after 15 seconds, the server calls it *Late* and keeps waiting.
#
# ## A worker
#
# A worker asks its pool for runs until you stop it: `prefect worker start --pool prod-pool`. With `--run-once` it takes
# the runs that are due now, waits until they've ended, and stops. Before I start one, I set the limit of 3 on
# `database`:

# %%
# !python ../scripts/setup_concurrency_limit.py

# %% [markdown]
# The flow runs in another process now. How many of its twenty queries will run at the same time, at most?

# %% tags=["guess"]
guess = predict("a limit in a worker", at_once=3)

# %%
# !prefect worker start --pool prod-pool --run-once

# %%
etl = observe_run(etl_run.id)
queries = etl.timeline.where(tag="database")
etl.plot(limit=3, prediction=guess)

# %%
guess.compare(at_once=queries.peak)

# %% tags=["nbval-check-output"]
print(etl.state.name, "-", len(queries), "queries, more than 3 at once:", queries.peak > 3)

# %% [markdown]
# The server counts the slots, so the limit holds wherever the tasks run. The worker started a process, which loaded
# `flows/prefect_flow.py` from the folder that the deployment records. This notebook only watched.
#
# ### Exercise 10.1 · Deploy and trigger
#
# Now from Python: `flow.from_source(source=…, entrypoint="file.py:function")` loads the flow, `.deploy(…)` deploys it,
# and `run_deployment(…)` triggers it. Write `deploy_and_trigger(folder, pool, number)`. It deploys the flow `nightly`
# in `folder/nightly.py` to the work pool `pool` under the name `workshop`, and triggers one run with the parameter
# `number`. It doesn't wait for that run. (In a notebook all three need `await`. The check calls your function as a
# script would, so leave it out.)


# %% tags=["exercise-10.1"]
def deploy_and_trigger(folder, pool, number):
    # >>> your code
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    deployment = nightly.deploy(name="workshop", work_pool_name=pool)
    run_deployment(deployment, parameters={"number": number}, timeout=0)
    # <<< your code


# %%
check("10.1", deploy_and_trigger)

# %%
# hint("10.1", 1)

# %%
# hint("10.1", 2)

# %%
# hint("10.1", 3)

# %%
# solution("10.1")

# %% [markdown]
# ## A schedule
#
# With a schedule the server creates the runs by itself, ahead of time, and a worker takes each one when it's due. The
# cron string `0 2 * * *` means every day at two o'clock. Name the time zone, or it's two o'clock UTC.

# %%
# !prefect deployment schedule create main-etl-job/prod-etl --cron "0 2 * * *" \
#     --timezone Europe/Zurich --replace -y

# %% tags=["nbval-check-output"]
with get_client(sync_client=True) as client:
    deployment = client.read_deployment_by_name("main-etl-job/prod-etl")
for found in deployment.schedules:
    print(found.schedule.cron, found.schedule.timezone, "active:", found.active)

# %% [markdown]
# <details><summary>No worker is running at two o'clock. Is that night lost?</summary>
#
# No: its run is late and waits in the pool. But a worker that starts after three such nights takes all three runs at
# once. `prefect worker start --limit 1` makes it run them one by one.
# </details>
#
# I remove the schedule again, so that your server doesn't collect runs. That also removes the runs created in advance.

# %%
# !prefect deployment schedule clear main-etl-job/prod-etl -y

# %% [markdown]
# ## Two workers, one limit
#
# For the rest of the lesson I use a shorter flow. It needs a file, because a worker can't see what is in a notebook.
# The second cell below writes it.

# %%
folder = server.home() / "lesson-10"
folder.mkdir(parents=True, exist_ok=True)

# %%
# %%writefile {folder}/shop_night.py
from prefect import flow, task

from workbook.work import ask


@task(tags=["database"], task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow(name="shop-night")
def shop_night(indexes: list[int], seconds: float):
    futures = [query.submit(index, seconds) for index in indexes]
    return [len(future.result()) for future in futures]


# %%
# !cd {folder} && prefect deploy shop_night.py:shop_night --name night --pool prod-pool \
#     --no-prompt | grep -o "Deployment .*created"

# %% [markdown]
# I trigger two runs with four queries each, and start two workers. With `--work-queue`, a worker serves only one *work
# queue* of its pool. Prefect creates the queues, `blue` and `green`, by itself. Each run goes into one of them, so each
# worker gets one run. On two machines you'd run one worker on each, with the file at the same path.
#
# (The notebook needs `await`, because an event loop already runs in it. In a script you call `run_deployment` without
# it.)
#
# How many queries will run at the same time, across both flow runs?

# %% tags=["guess"]
guess = predict("two workers", at_once=3)

# %%
runs = [
    await run_deployment(
        "shop-night/night",
        parameters={"indexes": indexes, "seconds": 1},
        work_queue_name=queue,
        timeout=0,
    )
    for queue, indexes in {"blue": [0, 1, 2, 3], "green": [4, 5, 6, 7]}.items()
]

# %% language="bash"
# prefect worker start --pool prod-pool --work-queue blue --run-once &
# prefect worker start --pool prod-pool --work-queue green --run-once
# wait

# %% [markdown]
# As in lesson 03, I put the tasks of both runs on one time axis.

# %%
from workbook.plots import picture
from workbook.timelines.span import Surroundings
from workbook.timelines.timeline import Timeline

blue, green = [observe_run(run.id) for run in runs]
names = {str(blue.flow_run_id): "blue worker", str(green.flow_run_id): "green worker"}
both = Timeline((*blue.timeline, *green.timeline), around=Surroundings(flows=names))
picture(both, limit=3, colour="flow", prediction=guess)

# %%
guess.compare(at_once=both.peak)

# %% tags=["nbval-check-output"]
print(blue.state.name, green.state.name, "-", len(both), "queries")
print("more than 3 at once across both:", both.peak > 3)

# %% [markdown]
# A tag limit doesn't care which worker, process or machine a task runs on. A second worker, on another machine, gives
# you room for more flow runs, not for more queries.
#
# ## Where do tasks run?
#
# The worker decides where a *flow run* takes place. Inside it, the flow's task runner decides where its *tasks* run.
# Your choices for both:
#
# | where | choose it when |
# |---|---|
# | threads: `ThreadPoolTaskRunner`, the default | tasks wait for a database, a web service, a file |
# | processes: `ProcessPoolTaskRunner` | tasks compute, and one core isn't enough |
# | a cluster: `DaskTaskRunner`, from `prefect-dask` | one flow run needs several machines |
# | several workers | flow runs need several machines, or a worker may stop |
#
# The [deployment guide](../docs/deployment_guide.md) has measurements of all four.
#
# ## A limit on the deployment
#
# Sometimes whole flow runs must not overlap: if last night's run is still going, a second one would do the work twice.
# A deployment can have its own limit. `CANCEL_NEW` cancels a run that would exceed it; `ENQUEUE`, the default, lets it
# wait.

# %%
# !cd {folder} && prefect deploy shop_night.py:shop_night --name alone --pool prod-pool \
#     --concurrency-limit 1 --collision-strategy CANCEL_NEW --no-prompt \
#     | grep -o "Deployment .*created"

# %% [markdown]
# I trigger it twice, and a worker takes both runs at once. How many will complete?

# %% tags=["guess"]
guess = predict("a deployment's own limit", runs_completed=1)

# %%
rivals = [
    await run_deployment("shop-night/alone", parameters={"indexes": [8], "seconds": 2}, timeout=0)
    for _ in range(2)
]

# %%
# !prefect worker start --pool prod-pool --run-once


# %%
def state_of(run):
    with get_client(sync_client=True) as client:
        return client.read_flow_run(run.id).state


states = sorted(state_of(run).name for run in rivals)
guess.compare(runs_completed=states.count("Completed"))

# %% tags=["nbval-check-output"]
print(states)
print([state_of(run).message for run in rivals if state_of(run).is_cancelled()])

# %% [markdown]
# With `ENQUEUE` the second run goes back into the pool as *AwaitingConcurrencySlot*, and is due again 30 seconds later.
# Lesson 07 compares this limit with the other kinds.
#
# ### Exercise 10.2 · Two o'clock, one at a time
#
# This function has two faults: the deployment `at-two` is due at two o'clock UTC, and other deployments in the pool
# have to wait for it. Fix both. The deployment should be due at two o'clock in Zurich, and have at most one run at a
# time; a second one waits. Other deployments in the pool shouldn't have to wait for it.


# %% tags=["exercise-10.2"]
def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    # >>> your code
    nightly.deploy(
        name="at-two",
        work_pool_name=pool,
        schedule=Cron("0 2 * * *", timezone="Europe/Zurich"),
        concurrency_limit=1,
    )
    # --- stub
    # raise NotImplementedError("10.2: fix this function, then delete this line")
    # with get_client(sync_client=True) as client:
    #     client.update_work_pool(pool, WorkPoolUpdate(concurrency_limit=1))
    # nightly.deploy(name="at-two", work_pool_name=pool, cron="0 2 * * *")
    # <<< your code


# %%
check("10.2", deploy_nightly)

# %%
# hint("10.2", 1)

# %%
# hint("10.2", 2)

# %%
# hint("10.2", 3)

# %%
# solution("10.2")

# %% [markdown]
# ## Cancel a run
#
# A worker also listens for cancellations. I trigger a long run, start a worker in the background, and wait until the
# run has begun.

# %%
import subprocess
import time

long_run = await run_deployment(
    "shop-night/night", parameters={"indexes": [*range(20)] * 3, "seconds": 4}, timeout=0
)
worker = subprocess.Popen(
    ["prefect", "worker", "start", "--pool", "prod-pool", "--run-once"], stdout=subprocess.DEVNULL
)
while not (state_of(long_run).is_running() or state_of(long_run).is_final()):
    time.sleep(0.5)

# %% [markdown]
# In which state will the flow run end, and how many of the three slots will still be taken then?

# %% tags=["guess"]
guess = predict("a cancelled run", state="Cancelled", slots_taken=0)

# %%
# !prefect flow-run cancel {long_run.id}

# %%
worker.wait()
with get_client(sync_client=True) as client:
    taken = client.read_global_concurrency_limit_by_name("tag:database").active_slots
guess.compare(state=state_of(long_run).name, slots_taken=taken)

# %% tags=["nbval-check-output"]
cancelled = observe_run(long_run.id).timeline
done = len(cancelled.where(state="COMPLETED"))
print(state_of(long_run).name, "- slots taken:", taken)
print("all queries completed:", done == 60)

# %%
print("how its task runs ended:", *sorted({span.state for span in cancelled}))

# %% [markdown]
# The command set the run to *Cancelling*. The worker told the run's process to stop: running queries finished, those
# waiting for a slot became *Crashed*, and every slot was released. If the process hadn't stopped within 30 seconds, the
# worker would have killed it.
#
# <details><summary>Can you cancel any run this way?</summary>
#
# Not a flow that you called yourself, in a script or a notebook: no worker is in charge of it, so interrupt it (Ctrl-C,
# or *Interrupt*).
#
# A run that is still Scheduled needs no worker: it's Cancelled immediately.
# </details>

# %% [markdown]
# ## Three lines to remember
#
# 1. A deployment says how to run a flow, a trigger or a schedule says when, and a worker of its pool runs it.
# 2. A tag limit holds across all workers; a deployment's own limit counts its flow runs.
# 3. Cancel a deployed run with `prefect flow-run cancel`: its worker stops it, and its slots come back.
#
# Prefect's documentation: [deployments](https://docs.prefect.io/v3/concepts/deployments) · [work
# pools](https://docs.prefect.io/v3/concepts/work-pools) · [workers](https://docs.prefect.io/v3/concepts/workers) ·
# [schedules](https://docs.prefect.io/v3/how-to-guides/deployments/create-schedules) ·
# [cancelling](https://docs.prefect.io/v3/advanced/cancel-workflows). For quick reference: the [cheat
# sheet](../docs/cheat_sheet.md) and the [glossary](../docs/glossary.md).

# %%
progress_report(10)

# %% [markdown]
# Next: [11 · Authenticate and operate](11_authenticate_and_operate.ipynb). Who may use your server, and what do you
# watch once flows run by themselves? My solutions to this lesson are in
# [solutions/10_deploy.ipynb](../solutions/10_deploy.ipynb).
