"""Lesson 7: deployments, credentials, and slots that a dead server forgot."""

import contextlib
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
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
    FlowRunFilterStartTime,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse, GlobalConcurrencyLimitResponse
from prefect.client.schemas.sorting import DeploymentSort, FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled

from workbook.exercises import Exercise, NotYet, expect
from workbook.sandbox import Answer, AnswerError

SETTINGS = ("PREFECT_API_URL", "PREFECT_API_KEY", "DATABASE_URL")
FLOW = "nightly"
RETURN_SECONDS = 15  # for the learner's call to return when it has triggered the run; more if that took longer
WORKER_SECONDS = 80  # for one start of a worker and one flow run in its own process


# ----------------------------------------
# 7.1


def masked(answer: Answer) -> None:
    """Two environments with random secrets, and one with none; no piece of a secret may come out anywhere."""
    for _ in range(2):
        _one_environment(answer)
    answer.environment(**dict.fromkeys(SETTINGS))
    _settings_are(
        answer.call(), {"api_url": None, "api_key": "not set", "database_url": None}, "an environment with none"
    )


def _one_environment(answer: Answer) -> None:
    key, password = expect.secrets(answer.chance, 24, 16)
    host = f"db-{answer.chance.randrange(10**4)}.example.com:{answer.chance.randrange(5000, 6000)}"
    api_url = f"https://prefect-{answer.chance.randrange(10**4)}.example.com/api"
    start, end = "postgresql://shop:", f"@{host}/orders"
    answer.environment(PREFECT_API_URL=api_url, PREFECT_API_KEY=key, DATABASE_URL=f"{start}{password}{end}")
    returned = answer.call()
    for name, secret in (("key", key), ("password", password)):
        _keeps_secret(name, secret, str(returned), "What you returned")
        _keeps_secret(name, secret, answer.printed(None), "What you printed")
    wanted = {"api_url": api_url, "api_key": "set", "database_url": f"{start}***{end}"}
    _settings_are(returned, wanted, "an environment with all three")


def _keeps_secret(name: str, secret: str, text: str, where: str) -> None:
    if secret in text:
        raise NotYet(
            f"{where} holds the whole {name}.",
            "No part of it should be there.",
            "Logs and reports are kept for years, and read by many.",
        )
    if found := expect.leaked(secret, text):
        which = "first" if found[0] == 0 else "last" if found[-1] == len(secret) - expect.LEAK else "middle"
        raise NotYet(
            f"{where} holds a part of the {name}: some of its {which} characters.",
            "No part of it should be there.",
            "Every character shown is one less to guess; it is enough for a reader to know that it is set.",
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
    """A random number on a random pool; a real worker runs what the answer has left to be run."""
    begun = datetime.now(UTC)
    pool, number = f"pool-{answer.chance.randrange(10**8)}", answer.chance.randrange(10**6)
    (answer.folder / "nightly.py").write_text(
        f"from prefect import flow\n\n\n@flow(name={FLOW!r})\ndef nightly(number: int = -1):\n    return number\n"
    )
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    _call(answer, pool, number)
    run = _triggered(_deployment(pool, begun), number)
    said = _work_once(pool, answer.folder.parent / f"{answer.folder.name}-worker.txt")
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(run).state
    taken = str(run) in said  # the worker names each run that it takes; the state alone, anyone can set
    if not state.is_completed():
        raise NotYet(
            f"A worker of {pool!r} {'took' if taken else 'ran, but did not take'} the flow run, which is now "
            f"{state.name}: {state.message or _last_line(said)}",
            "It should end Completed.",
            "The deployment records where its code is: the folder, and nightly.py:nightly in it.",
        )
    if not taken:
        raise NotYet(
            "Your flow run is Completed, but the worker never ran it.", "The worker should run it.",
            "Leave the state of the run to Prefect.",
        )  # fmt: skip


def _call(answer: Answer, pool: str, number: int) -> None:
    """Call the answer, which should not wait for its run; say it in plain words if it does, or if it was refused."""
    with ThreadPoolExecutor(1) as thread:
        begun, triggered = time.monotonic(), None
        call = thread.submit(answer.call, str(answer.folder), pool, number)
        while not call.done():
            wait([call], timeout=0.5)
            waiting = [run for found in _deployments() for run in _runs_of(found.id) if run.state.is_scheduled()]
            if waiting and triggered is None:
                triggered = time.monotonic()
            elif waiting and time.monotonic() - triggered > max(RETURN_SECONDS, triggered - begun) and not call.done():
                with get_client(sync_client=True) as client:  # ends the wait of a call that waits for its run
                    client.set_flow_run_state(waiting[0].id, Cancelled(), force=True)
                with contextlib.suppress(AnswerError):
                    call.result()
                raise NotYet(
                    f"Your call did not return: it waited for its flow run {waiting[0].name}, which was "
                    f"{waiting[0].state.name}, until the grader cancelled that run.",
                    "Your function should trigger the run and return: the worker starts only afterwards.",
                    "run_deployment() waits until the run has ended, unless you give it timeout=0.",
                )
        try:
            call.result()
        except AnswerError as error:
            _refused(f"{error}\n{answer.printed()}")
            raise


def _refused(text: str) -> None:
    """Name the parameter that the server, or the command line, refused; do nothing if it was something else."""
    if found := re.search(r"\('(\w+)' was unexpected\)|not found on the\s+deployment:\s+'(\w+)'", text):
        raise NotYet(
            f"Your flow run was refused: the flow has no parameter {found[1] or found[2]!r}.",
            "Its one parameter is `number`, a whole number.",
            "A trigger's parameters are those of the flow's function, by their names: parameters={'number': number}.",
        )
    if found := re.search(r"Validation failed for field '(\w+)'\. Failure reason: ([^\n\"}]*)", text):
        raise NotYet(
            f"Your flow run was refused: its parameter {found[1]!r} has a wrong value ({found[2].strip()}).",
            "It should be a whole number, as `number` is.",
            "Pass it on as it is, without quotation marks: parameters={'number': number}.",
        )


def _deployments() -> list[DeploymentResponse]:
    with get_client(sync_client=True) as client:
        return client.read_deployments(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW])),
            sort=DeploymentSort.NAME_ASC, limit=50,  # the server insists on both
        )  # fmt: skip


def _deployment(pool: str, begun: datetime) -> UUID:
    """The one deployment that there should be."""
    found = {deployment.name: deployment for deployment in _deployments()}
    if not found:
        ran = _runs(FlowRunFilter(start_time=FlowRunFilterStartTime(after_=begun)))
        raise NotYet(
            f"The server has no deployment of the flow {FLOW!r}"
            + (", though the flow has run, in your own process." if ran else "."),
            f"It should have one: {FLOW}/workshop.",
            "Calling a flow runs it here and now; a deployment tells the server how a worker can run it.",
        )
    if "workshop" not in found:
        raise NotYet(
            f"Your deployment is called {FLOW}/{next(iter(found))}.",
            f"It should be {FLOW}/workshop.",
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


def _triggered(deployment: UUID, number: int) -> UUID:
    """The one flow run of the deployment that there should be, not yet begun."""
    runs = _runs_of(deployment)
    if not runs:
        raise NotYet(
            "Your deployment has no flow run.",
            "It should be triggered once.",
            "A deployment says how to run the flow; run_deployment(…, timeout=0), or `prefect deployment run`, says "
            "when.",
        )
    if len(runs) > 1:
        raise NotYet(f"Your deployment was triggered {len(runs)} times.", "It should be once.")
    unknown = sorted(set(runs[0].parameters) - {"number"})
    if runs[0].parameters != {"number": number}:
        raise NotYet(
            f"The flow run was triggered with the parameters {runs[0].parameters}.",
            f"They should be {{'number': {number}}}.",
            f"The flow has no parameter {unknown[0]!r}, so the run would fail." if unknown
            else "Parameters are given with the trigger: parameters={…}, or --param name=value.",
        )  # fmt: skip
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


def _runs_of(deployment: UUID) -> list[FlowRun]:
    return _runs(FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment])))


def _runs(wanted: FlowRunFilter) -> list[FlowRun]:
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(flow_run_filter=wanted, sort=FlowRunSort.ID_DESC, limit=50)


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
    """Slots that nobody holds, on one limit, beside another limit whose taken slots must stay so."""
    tag, other = f"leak-{answer.chance.randrange(10**8)}", "leak-other"
    slots = answer.chance.randrange(3, 9)
    leaked = answer.chance.randrange(2, slots + 1)
    identity = _leaky(tag, slots, leaked)
    _leaky(other, 3, 2)
    for case in ("after your call", "after a second call"):
        try:
            answer.call(tag)
        except AnswerError as error:
            if "ObjectNotFound" not in str(error):
                raise
            raise NotYet(
                f"Your call for {tag!r} raised {str(error).removesuffix(': None')}: the server has no limit of the "
                "name that you gave.",
                f"It should free the slots of the limit on the tag {tag!r}.",
                "Among Prefect's global limits that of a tag has the name tag:… in front.",
            ) from None
        _is_free(_limit(tag), tag, slots, leaked, identity, case)
        neighbour = _limit(other)
        if neighbour is None or (neighbour.limit, neighbour.active_slots) != (3, 2):
            raise NotYet(
                f"Your call for {tag!r} changed the limit on {other!r} as well.",
                "Other limits should stay as they are: task runs that are alive may hold their slots.",
            )


def _leaky(tag: str, slots: int, leaked: int) -> UUID:
    """Make a limit with slots that nobody holds."""
    name = f"tag:{tag}"
    with get_client(sync_client=True) as client:
        identity = client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=slots))
        client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(active_slots=leaked))
    return identity


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
