"""Lesson 7: deployments, credentials, and slots that a dead server forgot."""

import contextlib
import os
import string
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psutil
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import (
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
    WorkPoolCreate,
)
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterDeploymentId,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse, GlobalConcurrencyLimitResponse
from prefect.client.schemas.sorting import DeploymentSort, FlowRunSort
from prefect.exceptions import ObjectNotFound

from workbook.exercises import Exercise, NotYet
from workbook.sandbox import Answer

SETTINGS = ("PREFECT_API_URL", "PREFECT_API_KEY", "DATABASE_URL")
WORKER_SECONDS = 100  # for one start of a worker and one flow run in a process of its own
LEAK = 4  # characters in a row of a secret that give it away


# ----------------------------------------
# 7.1


def masked(answer: Answer) -> None:
    """Two environments with secrets of chance, and one with none; no piece of a secret may come out anywhere."""
    before = os.environ.get("PREFECT_API_URL")
    try:
        for _ in range(2):
            _one_environment(answer)
        answer.environment(**dict.fromkeys(SETTINGS))
        _settings_are(
            answer.call(), {"api_url": None, "api_key": "not set", "database_url": None}, "an environment with none"
        )
    finally:
        answer.environment(PREFECT_API_URL=before)


def _one_environment(answer: Answer) -> None:
    key, password = f"pnu_{_secret(answer, 24)}", _secret(answer, 16)
    host = f"db-{answer.chance.randrange(10**4)}.example.com:{answer.chance.randrange(5000, 6000)}"
    api_url = f"https://prefect-{answer.chance.randrange(10**4)}.example.com/api"
    start, end = "postgresql://shop:", f"@{host}/orders"
    answer.environment(PREFECT_API_URL=api_url, PREFECT_API_KEY=key, DATABASE_URL=f"{start}{password}{end}")
    returned = answer.call()
    for name, secret in (("key", key.removeprefix("pnu_")), ("password", password)):
        _keeps_secret(name, secret, str(returned), "What you returned")
        _keeps_secret(name, secret, answer.printed(), "What you printed")
    wanted = {"api_url": api_url, "api_key": "set", "database_url": f"{start}***{end}"}
    _settings_are(returned, wanted, "an environment with all three")


def _secret(answer: Answer, length: int) -> str:
    return "".join(answer.chance.choices(string.ascii_letters + string.digits, k=length))


def _keeps_secret(name: str, secret: str, text: str, where: str) -> None:
    if secret in text:
        raise NotYet(
            f"{where} holds the whole {name}.",
            "No part of it should be there.",
            "Logs and reports are kept for years, and read by many.",
        )
    if found := [at for at in range(len(secret) - LEAK + 1) if secret[at : at + LEAK] in text]:
        which = "first" if found[0] == 0 else "last" if found[-1] == len(secret) - LEAK else "middle"
        raise NotYet(
            f"{where} holds a part of the {name}: some of its {which} characters.",
            "No part of it should be there.",
            "Every character shown is one that nobody has to guess; that it is set is all a reader needs.",
        )


def _settings_are(returned: object, wanted: dict[str, str | None], case: str) -> None:
    if returned == wanted:
        return
    if not isinstance(returned, dict):
        raise NotYet(f"Your function returned {returned!r:.100}.", f"It should be a dict: {wanted}.")
    if set(returned) != set(wanted):
        raise NotYet(f"Your dict has the keys {sorted(map(str, returned))}.", f"They should be {sorted(wanted)}.")
    key = next(key for key in wanted if returned[key] != wanted[key])
    raise NotYet(
        f"In {case} your {key!r} is {returned[key]!r:.120}.",
        f"It should be {wanted[key]!r}.",
        "Read os.environ inside the function: what is read while the module loads, or as a default argument, is "
        "the environment of that moment." if key != "database_url" else
        "Only the password between ':' and '@' is replaced, by ***, and the rest of the URL stays.",
    )  # fmt: skip


# ----------------------------------------
# 7.2


def deployed(answer: Answer) -> None:
    """A flow of chance on a pool of chance; a real worker runs what the answer has left to be run."""
    flow_name, pool = (f"{kind}-{answer.chance.randrange(10**8)}" for kind in ("nightly", "pool"))
    number = answer.chance.randrange(10**6)
    (answer.folder / "nightly.py").write_text(
        f"from prefect import flow\n\n\n@flow(name={flow_name!r})\ndef nightly(number: int = -1):\n    return number\n"
    )
    with _work_pool(pool, flow_name):
        answer.call(str(answer.folder), pool, number)
        run = _triggered(flow_name, _deployment(flow_name, pool), number)
        said = _work_once(pool, answer.folder.parent / f"{answer.folder.name}-worker.txt")
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(run).state
        if not state.is_completed():
            reason = state.message or _last_line(said)
            raise NotYet(
                f"A worker of {pool!r} took the flow run, and it ended {state.name}: {reason}",
                "It should end Completed.",
                "The deployment records where its code is: the folder, and nightly.py:nightly in it.",
            )
        if str(run) not in said:  # the worker names each run that it takes; the state alone, anyone can set
            raise NotYet(
                "Your flow run is Completed, and the worker never ran it.", "The worker should run it.",
                "Leave the state of the run to Prefect.",
            )  # fmt: skip


@contextlib.contextmanager
def _work_pool(pool: str, flow_name: str) -> Iterator[None]:
    """A process work pool; at the end it is gone, with the deployments and the flow of that name."""
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    try:
        yield
    finally:
        with get_client(sync_client=True) as client:
            for deployment in _deployments(flow_name):
                client.delete_deployment(deployment.id)
            with contextlib.suppress(ObjectNotFound):
                client.delete_work_pool(pool)


def _deployments(flow_name: str) -> list[DeploymentResponse]:
    with get_client(sync_client=True) as client:
        return client.read_deployments(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[flow_name])),
            sort=DeploymentSort.NAME_ASC, limit=50,  # the server refuses to be asked without them
        )  # fmt: skip


def _deployment(flow_name: str, pool: str) -> UUID:
    """The one deployment that there should be."""
    found = {deployment.name: deployment for deployment in _deployments(flow_name)}
    if not found:
        ran = _runs(FlowFilter(name=FlowFilterName(any_=[flow_name])))
        raise NotYet(
            f"The server knows of no deployment of the flow {flow_name!r}"
            + (", though the flow has run, in your own process." if ran else "."),
            f"It should have one: {flow_name}/workshop.",
            "To call a flow is to run it here and now; a deployment tells the server how a worker can run it.",
        )
    if "workshop" not in found:
        raise NotYet(
            f"Your deployment is called {flow_name}/{next(iter(found))}.",
            f"It should be {flow_name}/workshop.",
            "The part before the slash is the flow's name, the part after it the deployment's.",
        )
    on = found["workshop"].work_pool_name
    if on != pool:
        raise NotYet(
            f"Your deployment is on {f'the work pool {on!r}' if on else 'no work pool'}.",
            f"It should be on {pool!r}.",
            "A worker looks only into its own pool: a run in another waits for ever.",
        )
    return found["workshop"].id


def _triggered(flow_name: str, deployment: UUID, number: int) -> UUID:
    """The one flow run of the deployment that there should be, not yet begun."""
    runs = _runs(
        FlowFilter(name=FlowFilterName(any_=[flow_name])),
        FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment])),
    )
    if not runs:
        raise NotYet(
            "Your deployment has no flow run.",
            "It should be triggered once.",
            "To deploy is to say how; run_deployment(…, timeout=0), or `prefect deployment run`, says when.",
        )
    if len(runs) > 1:
        raise NotYet(f"Your deployment was triggered {len(runs)} times.", "It should be once.")
    if runs[0].parameters != {"number": number}:
        raise NotYet(
            f"The flow run was triggered with the parameters {runs[0].parameters}.",
            f"They should be {{'number': {number}}}.",
            "Parameters are given with the trigger: parameters={…}, or --param name=value.",
        )
    state = runs[0].state
    if not state.is_scheduled():
        raise NotYet(
            f"Your flow run is {state.name} before any worker has looked at it.",
            "It should be waiting for one: Scheduled.",
            "Trigger it with timeout=0, and leave it to the worker.",
        )
    due = state.state_details.scheduled_time
    if due and due > datetime.now(UTC) + timedelta(minutes=1):
        raise NotYet(
            f"Your flow run is due only at {due:%Y-%m-%d %H:%M} UTC.",
            "It should be due at once.",
            "A worker takes a run when its time has come; leave scheduled_time out.",
        )
    return runs[0].id


def _runs(flows: FlowFilter, wanted: FlowRunFilter | None = None) -> list[FlowRun]:
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(flow_filter=flows, flow_run_filter=wanted, sort=FlowRunSort.ID_DESC, limit=50)


def _work_once(pool: str, output: Path) -> str:
    """Have a worker run what waits in the pool, in processes of its own, and return what it printed."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--type", "process", "--run-once"]
    environment = {key: value for key, value in os.environ.items() if key != "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"}
    try:
        with output.open("w") as log:
            worker = subprocess.Popen(
                [*command, "--name", f"grader-{pool}"],
                cwd=output.parent, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
            try:
                worker.wait(WORKER_SECONDS)
            except subprocess.TimeoutExpired:
                pass  # the state of the flow run says what there is to say
            finally:
                _end(worker)
        return output.read_text(errors="replace")
    finally:
        output.unlink(missing_ok=True)


def _end(worker: subprocess.Popen) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(worker.pid).children(recursive=True)
        worker.terminate()
        _, left = psutil.wait_procs([*family, psutil.Process(worker.pid)], timeout=5)
        for survivor in left:
            survivor.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        worker.wait(5)


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "the worker printed nothing")


# ----------------------------------------
# 7.3


def freed(answer: Answer) -> None:
    """Slots that nobody holds, on one limit, beside another limit with one taken that must stay so."""
    tag = f"leak-{answer.chance.randrange(10**8)}"
    slots = answer.chance.randrange(3, 9)
    leaked = answer.chance.randrange(2, slots + 1)
    other = "leak-other"  # of this name, so that answers take turns: one may free the slots of every limit
    with answer.limit(other, 3), _leaky(tag, slots, leaked) as identity:
        with get_client(sync_client=True) as client:
            client.update_global_concurrency_limit(f"tag:{other}", GlobalConcurrencyLimitUpdate(active_slots=2))
        for case in ("after your call", "after a second call"):
            answer.call(tag)
            _is_free(_limit(tag), tag, slots, leaked, identity, case)
            neighbour = _limit(other)
            if neighbour is None or (neighbour.limit, neighbour.active_slots) != (3, 2):
                raise NotYet(
                    f"Your call for {tag!r} changed the limit on {other!r} as well.",
                    "Other limits should stay as they are: their slots may be held by task runs that are alive.",
                )


@contextlib.contextmanager
def _leaky(tag: str, slots: int, leaked: int) -> Iterator[UUID]:
    name = f"tag:{tag}"
    with get_client(sync_client=True) as client:
        identity = client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=slots))
        client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(active_slots=leaked))
    try:
        yield identity
    finally:
        with get_client(sync_client=True) as client, contextlib.suppress(ObjectNotFound):
            client.delete_global_concurrency_limit_by_name(name)
        with get_client(sync_client=True) as client, contextlib.suppress(ObjectNotFound):
            client.delete_global_concurrency_limit_by_name(tag)  # if the answer made one by that name


def _limit(tag: str) -> GlobalConcurrencyLimitResponse | None:
    with get_client(sync_client=True) as client, contextlib.suppress(ObjectNotFound):
        return client.read_global_concurrency_limit_by_name(f"tag:{tag}")
    return None


def _is_free(
    found: GlobalConcurrencyLimitResponse | None, tag: str, slots: int, leaked: int, identity: UUID, case: str
) -> None:
    if found is None:
        raise NotYet(
            f"The server holds no limit on {tag!r} {case}.",
            f"The limit of {slots} should still be there.",
            "Without it every task with the tag runs free: update the limit instead of deleting it.",
        )
    if found.id != identity:
        raise NotYet(
            f"The limit on {tag!r} is a new one {case}.",
            "It should be the same, with its slots free.",
            "Between deleting a limit and making it anew tasks run free, and each client remembers that for a while: "
            "update it instead.",
        )
    if found.limit != slots or not found.active:
        raise NotYet(
            f"The limit on {tag!r} is {found.limit if found.active else 'switched off'} {case}.",
            f"It should be {slots}, as it was.",
            "More slots do not give back those that leaked, and what was limited for a reason no longer is.",
        )
    if found.active_slots:
        raise NotYet(
            f"The limit on {tag!r} has {found.active_slots} of its slots taken {case}; it had leaked {leaked}.",
            "None should be.",
            "The count is active_slots of the global limit f'tag:{tag}'; `concurrency-limit reset` does not touch it.",
        )


EXERCISES = (
    Exercise(
        id="7.1",
        title="Settings from the environment, secrets masked",
        minutes=10,
        entry="settings",
        contract=(
            "Write the function settings(), no flow. At each call it reads PREFECT_API_URL, PREFECT_API_KEY and "
            "DATABASE_URL from the environment and returns {'api_url': …, 'api_key': 'set' or 'not set', "
            "'database_url': …}: the first as it is, and the last with the password alone replaced by ***, as in "
            "postgresql://shop:***@host:5432/orders. A URL that is not set is None. No part of the key or the "
            "password is returned or printed."
        ),
        hints=(
            "os.environ.get(name), inside the function: then dev and prod are the same code with other environments.",
            "Of the key say only whether there is one: 'set' if os.environ.get('PREFECT_API_KEY') else 'not set'.",
            "url.replace(urlsplit(url).password, '***') with urllib.parse.urlsplit; if there is a URL with a password.",
        ),
        grade=masked,
    ),
    Exercise(
        id="7.2",
        title="Deploy and trigger",
        minutes=15,
        entry="deploy_and_trigger",
        contract=(
            "Write the function deploy_and_trigger(folder, pool, number), no flow. The file nightly.py in `folder` "
            "holds a flow, nightly(number). Deploy it from there, with the name 'workshop', to the work pool `pool`, "
            "which exists; trigger the deployment once, with `number` as its parameter; and return without waiting for "
            "the run. Then the grader starts a worker, and the run must complete."
        ),
        hints=(
            "Two steps: a deployment that tells the server where the code is, and one flow run of it.",
            "flow.from_source(source=folder, entrypoint='nightly.py:nightly') is the flow, and has .deploy(name=…, "
            "work_pool_name=…), which returns the deployment's id. The same in a shell: prefect deploy.",
            "run_deployment(id, parameters={'number': number}, timeout=0), from prefect.deployments.",
        ),
        grade=deployed,
        seconds=150,
    ),
    Exercise(
        id="7.3",
        title="Free leaked slots",
        minutes=8,
        entry="free_slots",
        contract=(
            "Write the function free_slots(tag), no flow. A server has died and left slots of the limit on `tag` "
            "taken, by nobody. After your call none is taken. The limit is the same one, with as many slots as before, "
            "and no other limit has changed."
        ),
        hints=(
            "The count of taken slots is kept with the limit, and can be set like its size.",
            "In a shell: prefect gcl update tag:database --active-slots 0.",
            "client.update_global_concurrency_limit(f'tag:{tag}', GlobalConcurrencyLimitUpdate(active_slots=0))",
        ),
        grade=freed,
    ),
)
