# %% [markdown]
# # 11 · Authenticate and operate
#
# My shop's flows run by themselves now. In this lesson you keep passwords and keys out of code and logs, log in to a
# protected server, find out what a crash leaves behind, and write a function that tells you every morning what went
# wrong.
#
# **45 minutes** · two exercises · you need [10 · Deploy](10_deploy.ipynb)

# %%
from workbook import check, hint, observe, predict, progress_report, server, solution

server.ensure()

# %% tags=["setup"]
import os

from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.sorting import FlowRunSort
from sqlalchemy import make_url

# %% [markdown]
# ## Development and production
#
# The same code runs against the server on my laptop (*dev*) and against the shop's (*prod*). What differs comes from
# the *environment*, never from the code:
#
# | variable | dev | prod |
# |---|---|---|
# | `PREFECT_API_URL` | `http://127.0.0.1:4200/api` | `https://prefect.example.com/api` |
# | `PREFECT_API_KEY` | not set | the key, for Prefect Cloud (servers that Prefect hosts) |
# | `PREFECT_API_AUTH_STRING` | not set | `user:password`, for a server that you host |
# | `DATABASE_URL` | a local file | the shop's database |
#
# Set the key or the auth string, never both. If both are set, Prefect sends the auth string.
#
# Prefect shows you which settings it uses and where they come from. It knows that the key is a secret:

# %%
# !PREFECT_API_KEY=pnu_made_up_for_this_lesson prefect config view | grep API_KEY

# %% [markdown]
# Your own code has to be as careful. My scripts once printed the start of the key, to show which one they used:

# %% tags=["nbval-check-output"]
key = "pnu_made_up_for_this_lesson"
print(f"DON'T: {key[:8]}...\nDO:    API key {'set' if key else 'not set'}")

# %% [markdown]
# A database's URL has its password in the middle. SQLAlchemy, the library that my flows connect with, masks it when you
# print the URL *object*. As a plain string, it isn't masked.

# %% tags=["nbval-check-output"]
print(make_url("postgresql://shop:made_up@db.example.com:5432/orders"))

# %% [markdown]
# ## What ends up in the log?
#
# This flow prints a key and a URL, as careless debug lines would. For this run only, the key is set as
# `PREFECT_API_KEY`.


# %%
@flow(log_prints=True)
def careless(key, url):
    print("Using API key", key)
    print("Connecting to", url)


# %% [markdown]
# Prefect looks for secrets in log lines before it sends them to the server. Will it mask the key? And the password in
# the URL? Answer with True or False.

# %% tags=["guess"]
guess = predict("secrets in the log", key_masked=True, password_masked=False)

# %%
from prefect.settings import PREFECT_API_KEY, temporary_settings

with temporary_settings({PREFECT_API_KEY: "pnu_made_up_for_this_lesson"}):
    printed = observe(careless, "pnu_made_up_for_this_lesson", "postgresql://shop:made_up@db/shop")

# %% [markdown]
# As in lesson 09, I wait until the lines have reached the server.

# %%
import time

from prefect.client.schemas.filters import LogFilter


def log_of(flow_run_id):
    wanted = LogFilter(flow_run_id={"any_": [flow_run_id]})
    with get_client(sync_client=True) as client:
        return [line.message for line in client.read_logs(wanted)]


while not any("Finished" in line for line in log_of(printed.flow_run_id)):
    time.sleep(0.5)

# %% tags=["nbval-check-output"]
lines = [line for line in log_of(printed.flow_run_id) if line.startswith(("Using", "Connecting"))]
print(*sorted(lines), sep="\n")

# %%
log = " ".join(lines)
guess.compare(key_masked="pnu_made_up" not in log, password_masked="made_up@" not in log)

# %% [markdown]
# Prefect masks just one secret, its own API key. The password is in the log, and anyone who can open the web UI can
# read it. Flow parameters are worse: the server stores and shows them, even if nothing prints them.
#
# ### Exercise 11.1 · Settings without secrets
#
# This function reports which settings are in use, but it gives secrets away. Fix it. `api_url` is the value of
# `PREFECT_API_URL`, `api_key` is `"set"` or `"not set"`, and `database_url` has `***` in place of its password. A URL
# that isn't set is None. Print no part of a secret.


# %% tags=["exercise-11.1"]
def settings():
    # >>> your code
    url = os.environ.get("DATABASE_URL")
    return {
        "api_url": os.environ.get("PREFECT_API_URL"),
        "api_key": "set" if os.environ.get("PREFECT_API_KEY") else "not set",
        "database_url": make_url(url).render_as_string(hide_password=True) if url else None,
    }
    # --- stub
    # raise NotImplementedError("11.1: fix this function, then delete this line")
    # key = os.environ.get("PREFECT_API_KEY", "")
    # print(f"API key: {key[:8]}...")
    # return {
    #     "api_url": os.environ.get("PREFECT_API_URL", "http://localhost:4200/api"),
    #     "api_key": key,
    #     "database_url": os.environ.get("DATABASE_URL"),
    # }
    # <<< your code


# %%
check("11.1", settings)

# %%
# hint("11.1", 1)

# %%
# hint("11.1", 2)

# %%
# hint("11.1", 3)

# %%
# solution("11.1")

# %% [markdown]
# ## Secret blocks
#
# A worker on another machine doesn't have your environment. The server can store the passwords that a flow needs, each
# encrypted in its own *Secret block*.

# %%
from prefect.blocks.system import Secret

block_id = await Secret(value="made_up").save("shop-password", overwrite=True)

# %% [markdown]
# (Scripts and `def` tasks need no `await`.) A task loads the block by its name:


# %%
@task
def connect():
    secret = Secret.load("shop-password")
    print("printed:", secret)
    return secret.get() == "made_up"


@flow
def with_secret():
    return connect()


# %% tags=["nbval-check-output"]
print("the right password:", observe(with_secret).result)

# %% [markdown]
# Only `.get()` returns the value. Call it in the task that connects, and don't pass the value on as a parameter.
#
# ## A protected server
#
# The workbook's server lets everyone in, but it listens only on your own machine. I start a second one on a free port:
# it requires a password and keeps its data in a temporary folder. (`PREFECT_SERVER_API_AUTH_STRING` is the server's
# setting; clients use `PREFECT_API_AUTH_STRING`.) It takes a while to start.

# %%
import socket
import subprocess
import tempfile

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]

url = f"http://127.0.0.1:{port}/api"
folder = tempfile.TemporaryDirectory()
protected = {
    "PREFECT_SERVER_API_AUTH_STRING": "shop:made_up",
    "PREFECT_API_URL": url,
    "PREFECT_HOME": folder.name,
}
start = ["prefect", "server", "start", "--port", str(port)]
guarded = subprocess.Popen(start, env=os.environ | protected, stdout=subprocess.DEVNULL)

# %% [markdown]
# `/health` answers `true` as soon as the server is up.

# %%
import httpx


def health():
    try:
        return httpx.get(f"{url}/health").text
    except httpx.TransportError:
        return "no answer"


while health() != "true":
    time.sleep(0.5)

# %% [markdown]
# That needed no password: `/health` is open to all, so it can't tell you whether your credentials are right. The next
# function requests something that needs credentials, and returns the HTTP status: 200 means yours are right, 401 means
# they're wrong or missing.


# %%
def status(**credentials):
    return httpx.post(f"{url}/flow_runs/count", json={}, **credentials).status_code


# %% [markdown]
# You can send the auth string (`PREFECT_API_AUTH_STRING`) or an API key (`PREFECT_API_KEY`). Which status will this
# server return for each?

# %% tags=["guess"]
guess = predict("a key for your own server", with_auth_string=200, with_key=401)

# %%
auth_string = status(auth=("shop", "made_up"))
api_key = status(headers={"Authorization": "Bearer pnu_made_up"})
guess.compare(with_auth_string=auth_string, with_key=api_key)

# %% tags=["nbval-check-output"]
wrong = status(auth=("shop", "guessed"))
print(f"nothing: {status()}, wrong: {wrong}, right: {auth_string}, API key: {api_key}")

# %% [markdown]
# API keys belong to Prefect Cloud; your own server doesn't know any. Prefect's commands and flows show a 401 in the
# last lines of a long traceback. `workbook server status` says it in a sentence:

# %%
# !PREFECT_API_URL={url} prefect flow-run ls 2>&1 | grep -o "Client error '401 Unauthorized'"
# !PREFECT_API_URL={url} workbook server status

# %% [markdown]
# With the right auth string the server answers:

# %%
# !PREFECT_API_URL={url} PREFECT_API_AUTH_STRING=shop:made_up prefect flow-run ls

# %%
guarded.terminate()
guarded.wait()
folder.cleanup()

# %% [markdown]
# <details><summary>Where do I put the real password?</summary>
#
# In a file that only you can read, and from there into the environment: `export PREFECT_API_AUTH_STRING="$(cat
# ~/secrets/prefect)"`. A password typed in a command stays in the shell's history. The [authentication
# guide](../docs/authentication_guide.md) has more, and shows how to fix each refused login.
# </details>
#
# ## What a crash leaves behind
#
# The workbook's tests kill processes (`kill -9`) or cut a connection. This is what they find:
#
# | what dies | what is lost | what comes back by itself |
# |---|---|---|
# | your script or notebook | its run: it stays Running | its slots, after about a minute |
# | a worker and its flow run | that run: it stays Running | its slots, after about a minute |
# | the server | the slots' leases, so taken slots stay taken | its records, when you restart it |
# | a query's connection | its answer | the query, if its task has retries |
#
# An *automation* is a rule that the server follows when something happens, or fails to happen. For the first two rows,
# an automation can mark a run as Crashed when its *heartbeat*, a regular sign of life, stops. For the third, a setting
# keeps the slots' leases in files, as in lesson 06. Both are in the [deployment guide](../docs/deployment_guide.md);
# [troubleshooting](../docs/troubleshooting.md) is sorted by symptom.
#
# ## Watch: slots and running tasks
#
# A slot has leaked if it's taken while no task is running or due for a retry. So I compare taken slots with running
# tasks. As an example, I set the number of taken slots by hand, as if the server had crashed.

# %%
# !python ../scripts/setup_concurrency_limit.py --tag lesson-11
# !prefect gcl update tag:lesson-11 --active-slots 2

# %%
from prefect.client.schemas.filters import TaskRunFilter


def slots_and_tasks(tag):
    running = TaskRunFilter(tags={"all_": [tag]}, state={"type": {"any_": ["RUNNING"]}})
    with get_client(sync_client=True) as client:
        limit = client.read_global_concurrency_limit_by_name(f"tag:{tag}")
        return limit.active_slots, len(client.read_task_runs(task_run_filter=running))


# %% tags=["nbval-check-output"]
slots, tasks = slots_and_tasks("lesson-11")
print(slots, "slots taken,", tasks, "tasks running")

# %% [markdown]
# A brief difference is normal: a task run acquires its slot a moment before it starts. If the difference stays for two
# minutes, and no task waits for its next try, free the slots as in lesson 06. (`prefect gcl ls` lists all limits; it
# needs a wide terminal. A limit named `deployment:…` is a deployment's own.)

# %%
# !prefect gcl update tag:lesson-11 --active-slots 0

# %% [markdown]
# ## Watch: failed and late runs
#
# A flow imports my suppliers' files. One run fails; I create another that was due five minutes ago and that no worker
# will take.


# %%
@flow(name="shop-import", flow_run_name="import-{supplier}")
def shop_import(supplier):
    if supplier == "dairy":
        raise ValueError("The supplier sent an empty file.")
    return supplier


# %%
from datetime import UTC, datetime, timedelta

from prefect.states import Scheduled

failed = observe(shop_import, "dairy")
due = Scheduled(scheduled_time=datetime.now(UTC) - timedelta(minutes=5))
with get_client(sync_client=True) as client:
    bakery = {"name": "import-bakery", "parameters": {"supplier": "bakery"}}
    forgotten = client.create_flow_run(shop_import, state=due, **bakery)

# %% [markdown]
# The second run is Scheduled. What will the server call it a few seconds later?

# %% tags=["guess"]
guess = predict("a run that nobody takes", state="Late")


# %%
def state_of(run):
    with get_client(sync_client=True) as client:
        return client.read_flow_run(run.id).state


while (state := state_of(forgotten)).name == "Scheduled":
    time.sleep(0.5)
guess.compare(state=state.name)

# %% tags=["nbval-check-output"]
print(failed.name, failed.state.name, failed.state.type.value)
print(forgotten.name, state.name, state.type.value)

# %% [markdown]
# *Late* is the state's name; its type is still SCHEDULED, which is what the next table shows. Late runs are often the
# only sign of a dead worker, because nothing fails.

# %%
# !COLUMNS=100 prefect flow-run ls --flow-name shop-import --state Failed --state Late --limit 4

# %% [markdown]
# ### Exercise 11.2 · What needs attention?
#
# Write `needs_attention(since)`. `since` is a time as text, such as `"2026-11-27T02:00:00+00:00"`. Of the flow runs
# that were due then or later (`expected_start_time`), the function finds those that failed, crashed or are late. (A
# TimedOut run has the type FAILED.) It returns their names in the order they were due. The server sends at most 200 at
# a time.


# %% tags=["exercise-11.2"]
def needs_attention(since):
    # >>> your code
    bad = {"operator": "or_", "type": {"any_": ["FAILED", "CRASHED"]}, "name": {"any_": ["Late"]}}
    wanted = FlowRunFilter(expected_start_time={"after_": since}, state=bad)
    order, names = FlowRunSort.EXPECTED_START_TIME_ASC, []
    with get_client(sync_client=True) as client:
        while page := client.read_flow_runs(
            flow_run_filter=wanted, sort=order, limit=200, offset=len(names)
        ):
            names += [run.name for run in page]
    return names
    # <<< your code


# %%
check("11.2", needs_attention)

# %%
# hint("11.2", 1)

# %%
# hint("11.2", 2)

# %%
# hint("11.2", 3)

# %%
# solution("11.2")

# %% [markdown]
# Delete the late run, so that it doesn't wait forever:

# %%
with get_client(sync_client=True) as client:
    client.delete_flow_run(forgotten.id)

# %% [markdown]
# ## Three lines to remember
#
# 1. Settings come from the environment; print only whether a secret is set.
# 2. Your own server takes an auth string, Prefect Cloud an API key; 401 means wrong or missing credentials.
# 3. Every morning look for failed, crashed and late runs, and for slots that are taken while nothing runs.
#
# Prefect's documentation: [settings](https://docs.prefect.io/v3/concepts/settings-and-profiles) · [securing your
# server](https://docs.prefect.io/v3/advanced/security-settings) ·
# [secrets](https://docs.prefect.io/v3/how-to-guides/configuration/store-secrets) ·
# [states](https://docs.prefect.io/v3/concepts/states) · [automations](https://docs.prefect.io/v3/concepts/automations).
# For quick reference: the [cheat sheet](../docs/cheat_sheet.md) and the [glossary](../docs/glossary.md).

# %%
progress_report(11)

# %% [markdown]
# Next: [12 · Capstone](12_capstone.ipynb), a flow of your own, in four steps. My solutions to this lesson are in
# [solutions/11_authenticate_and_operate.ipynb](../solutions/11_authenticate_and_operate.ipynb).
