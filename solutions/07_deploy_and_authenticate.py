# %% [markdown]
# # 07 · Deploy and authenticate
#
# My shop's flow should run at night, when I am asleep. After this lesson you keep dev and prod apart without showing a
# secret, deploy a flow, have a worker run it, choose where its tasks run, and free slots that a dead server left taken.
#
# **45 minutes** · three exercises · you need lesson 03.

# %%
from workbook import check, hint, observe, progress_report, server

server.ensure()

# %% tags=["setup"]
import os

from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.deployments import run_deployment
from sqlalchemy import make_url

from workbook.work import ask


# %% [markdown]
# ## Dev and prod
#
# The same code runs against my own server and against the company's. What differs comes from the environment, never
# from the code. Prefect Cloud asks for `PREFECT_API_KEY`; a server of one's own for `PREFECT_API_AUTH_STRING`. Set one.

# %%
dev = {"PREFECT_API_URL": "http://127.0.0.1:4200/api"}
prod = {
    "PREFECT_API_URL": "https://prefect.example.com/api",
    "PREFECT_API_KEY": "pnu_made_up_for_this_lesson",
}

# %% [markdown]
# To see which one is used, my scripts once printed the start of the key. How much of it ends in every log?

# %% tags=["nbval-check-output"]
key = prod["PREFECT_API_KEY"]
print("DON'T:", f"{key[:8]}...")
for name, environment in {"dev": dev, "prod": prod}.items():
    print("DO:", name, "API key", "set" if environment.get("PREFECT_API_KEY") else "not set")

# %% [markdown]
# A database's URL has its password in the middle. SQLAlchemy shows one without it: a URL object prints `***`.

# %% tags=["nbval-check-output"]
print(repr(make_url("postgresql://shop:made_up@db.example.com:5432/orders")))

# %% [markdown]
# ### Exercise 7.1 · Settings from the environment
#
# `settings()` reads three variables at each call and returns `api_url`, `api_key` (`"set"` or `"not set"`) and
# `database_url`, its password as `***`. A URL that is not set is None. No piece of a secret is returned or printed.


# %% tags=["exercise-7.1"]
def settings():
    # >>> your code
    url = os.environ.get("DATABASE_URL")
    return {
        "api_url": os.environ.get("PREFECT_API_URL"),
        "api_key": "set" if os.environ.get("PREFECT_API_KEY") else "not set",
        "database_url": make_url(url).render_as_string(hide_password=True) if url else None,
    }
    # <<< your code


# %%
check("7.1", settings)

# %%
# hint("7.1", 1)

# %%
# hint("7.1", 2)

# %%
# hint("7.1", 3)

# %% [markdown]
# ## A deployment, on a work pool
#
# These are commands for a terminal. The next cell is a terminal in small: it runs `prefect` in the workbook's folder,
# with this notebook's server, and shows what it says.

# %%
import re
import subprocess
import sys
import time


def prefect(*words):
    command = [sys.executable, "-m", "prefect", "--no-prompt", *words]
    ran = subprocess.run(command, cwd=server.ROOT, capture_output=True, text=True)
    print(f"$ prefect {' '.join(words)}\n{ran.stdout}{ran.stderr}".strip())
    return ran.stdout


# %% [markdown]
# A work pool is where flow runs wait for a worker; a deployment says which pool, and where the code is. The pool comes
# first. `process` means that its workers run each flow in a process of their own, on their machine.

# %%
created = prefect("work-pool", "create", "prod-pool", "--type", "process", "--overwrite")

# %% [markdown]
# Leave that line out, on a server that has no such pool, and the next one is refused: it is the step most often
# forgotten.

# %%
deployed = prefect(
    "deploy", "flows/prefect_flow.py:main_etl", "--name", "prod-etl", "--pool", "prod-pool"
)

# %% [markdown]
# Now I trigger it. Before you run the cell: in which state will the flow run be, a moment later?

# %%
prediction = None  # "Scheduled", "Running" or "Completed"?

triggered = prefect("deployment", "run", "main-etl-job/prod-etl")
flow_run_id = re.search(r"UUID: (\S+)", triggered)[1]

# %% tags=["nbval-check-output"]
with get_client(sync_client=True) as client:
    print(client.read_flow_run(flow_run_id).state.type.value)

# %% [markdown]
# <details><summary>Why does nothing happen?</summary>
#
# Nobody works in the pool. The server only keeps the run; it never runs anybody's code. That is a worker's part, on a
# machine that has the code, the database's address and its password.
# </details>
#
# ## A worker
#
# `prefect worker start --pool prod-pool` asks the pool for work until it is stopped. With `--run-once` mine takes what
# waits there, and ends. First the limit, as in lesson 03: it is the server's, so it holds in a worker's processes too.

# %%
from workbook.limits import ensure_limit, read_limit

ensure_limit("database", 3)
begun = {"a worker": time.time()}
worked = prefect("worker", "start", "--pool", "prod-pool", "--run-once")

# %%
from workbook import observe_run

prediction = (None, None)  # seconds, at most at once
etl = observe_run(flow_run_id)
queries = [span for span in etl.timeline if "database" in span.tags]
etl.plot(limit=3, prediction=prediction)

# %% tags=["nbval-check-output"]
print("flow run:", etl.state.name)
print(
    "queries:",
    len(queries),
    "· never more than 3 at once:",
    etl.timeline.where(tag="database").peak <= 3,
)

# %% [markdown]
# <details><summary>Whose Python was that?</summary>
#
# Not this notebook's: the worker started a process, which loaded `flows/prefect_flow.py` from the folder that the
# deployment has recorded. I could have closed the notebook meanwhile.
# </details>
#
# ### Exercise 7.2 · Deploy and trigger
#
# From Python now. Write `deploy_and_trigger(folder, pool, number)`: deploy the flow `nightly` of the file `nightly.py`
# in `folder` to `pool`, under the name `workshop`; trigger it once with `number`; do not wait.


# %% tags=["exercise-7.2"]
def deploy_and_trigger(folder, pool, number):
    # >>> your code
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    deployment = nightly.deploy(name="workshop", work_pool_name=pool)
    run_deployment(deployment, parameters={"number": number}, timeout=0)
    # <<< your code


# %%
check("7.2", deploy_and_trigger)

# %%
# hint("7.2", 1)

# %%
# hint("7.2", 2)

# %%
# hint("7.2", 3)

# %% [markdown]
# ## Threads, processes, Dask, workers
#
# The worker decided where the *flow* runs. Where its *tasks* run, the flow's task runner decides: in threads of the
# flow's process, in processes of their own, or in a Dask cluster. Each has room for four, and the limit is three.
# Where does the first query begin soonest, and where does the limit hold?

# %%
from importlib.util import find_spec

from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

prediction = ("", "")
runners = {"threads": ThreadPoolTaskRunner(4), "processes": ProcessPoolTaskRunner(4)}
if find_spec("prefect_dask"):  # `make extras` installs it
    from prefect_dask import DaskTaskRunner

    two_of_two = {"n_workers": 2, "threads_per_worker": 2, "dashboard_address": "127.0.0.1:0"}
    runners["Dask"] = DaskTaskRunner(cluster_kwargs=two_of_two)

# %%
from flows import patterns

placed = {"a worker": etl.timeline.where(tag="database")}
for place, runner in runners.items():
    begun[place] = time.time()
    seen = observe(patterns.controlled_flow.with_options(task_runner=runner), range(8))
    placed[place] = seen.timeline

# %%
print(f"{'the queries run in':<20} {'first after':>11} {'at most at once':>16}")
for place, timeline in placed.items():
    first = min(span.start for span in timeline) - begun[place]
    print(f"{place:<20} {first:>9.1f} s {timeline.peak:>16}")

# %% tags=["nbval-check-output"]
print("more than 3 at once anywhere:", any(timeline.peak > 3 for timeline in placed.values()))

# %% [markdown]
# A thread begins at once. A process has to load Python and Prefect first, a cluster and a worker as well, and my
# queries gain nothing from it, for they only wait. The slots are the server's: they are counted over all four.
#
# | | take it when |
# |---|---|
# | threads, the default | tasks wait: for a database, a web service, files |
# | processes | tasks compute, and one core is not enough |
# | Dask | one flow run needs several machines |
# | workers | several flow runs at once, or on other machines; a crash of one shall not touch the next |

# %% [markdown]
# ## A server that dies
#
# The server counts the slots that are taken. If it dies while tasks hold some, and its database lives on, nobody gives
# them back. I write down such a count by hand: two of three slots, taken by nobody.

# %%
ensure_limit("leaky", 3)
with get_client(sync_client=True) as client:
    client.update_global_concurrency_limit(
        "tag:leaky", GlobalConcurrencyLimitUpdate(active_slots=2)
    )

# %% [markdown]
# Six queries with that tag, under that limit of three. How many will run at once?


# %%
prediction = (None, None)  # seconds, at most at once


@task(tags=["leaky"], task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def nightly(indexes, seconds):
    return [future.result() for future in [query.submit(index, seconds) for index in indexes]]


leaked = observe(nightly, range(6), 1.5)
leaked.plot(limit=3, prediction=prediction)

# %% tags=["nbval-check-output"]
print("limit", read_limit("leaky").slots, "· peak", leaked.timeline.peak, "·", leaked.state.name)
print("still taken:", read_limit("leaky").active)

# %% [markdown]
# <details><summary>And if all three had leaked?</summary>
#
# Then no task would ever get a slot: the flow hangs, with no error and no line in the log. Few at once where more are
# allowed is the same illness, in time.
# </details>
#
# ### Exercise 7.3 · Free leaked slots
#
# Write `free_slots(tag)`: afterwards no slot of the limit on `tag` is taken. It is the same limit, with as many slots
# as before, and no other has changed. First make sure, at night as well, that no task with that tag is alive.


# %% tags=["exercise-7.3"]
def free_slots(tag):
    # >>> your code
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(
            f"tag:{tag}", GlobalConcurrencyLimitUpdate(active_slots=0)
        )
    # <<< your code


# %%
check("7.3", free_slots)

# %%
# hint("7.3", 1)

# %%
# hint("7.3", 2)

# %%
# hint("7.3", 3)

# %% [markdown]
# The same queries again, after the slots are free. In a terminal it is `workbook server free-slots leaky`.

# %%
from workbook import limits
from workbook.plots import comparison

freed_slots = limits.free_slots("leaky")
free = observe(nightly, range(6), 1.5)
comparison({"two slots leaked": leaked.timeline, "slots freed": free.timeline})

# %% tags=["nbval-check-output"]
print(
    "freed:", freed_slots, "· more at once than before:", free.timeline.peak > leaked.timeline.peak
)
print("still taken:", read_limit("leaky").active)

# %% [markdown]
# ## What next?

# %%
progress_report(7)

# %% [markdown]
# My solution is in [solutions/07_deploy_and_authenticate.ipynb](../solutions/07_deploy_and_authenticate.ipynb). On to
# [08 · Capstone](08_capstone.ipynb): a night's work, written from an empty cell.
#
# When it gets serious: the [deployment guide](../docs/deployment_guide.md) has schedules, several workers, PostgreSQL
# and what survives a crash; the [authentication guide](../docs/authentication_guide.md) every refusal and its cure.
