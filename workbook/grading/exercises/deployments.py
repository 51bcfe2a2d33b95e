"""The grader of exercise 10.1: what an answer left on the server, and what a real worker makes of it."""

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
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterStartTime,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import DeploymentSort, FlowRunSort
from prefect.states import Cancelled

from workbook.grading.exercises import expect
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer, AnswerAborted, AnswerError

FLOW = "nightly"
RETURN_SECONDS = 15  # for the learner's call to return after it has triggered the run; more if that took longer
WORKER_SECONDS = 80  # for one start of a worker and one flow run in its own process


def deployed(answer: Answer) -> None:
    """A random number on a random pool; a real worker runs what the answer has left to be run."""
    begun = datetime.now(UTC)
    (pool, folder), number = new_pool(answer), answer.rng.randrange(10**6)
    _call(answer, pool, folder, number)
    found = the_deployment("workshop", pool, begun)
    if found.schedules:
        raise NotYet(
            "Your deployment has a schedule, so the server makes runs of it by itself.",
            "It should only run when it is triggered.", "Leave its schedule out.",
        )  # fmt: skip
    run = _triggered(found.id, number, answer.printed())
    said = _work_once(pool, answer.folder.parent / f"{answer.folder.name}-worker.txt")
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(run).state
    taken = str(run) in said  # the worker names each run that it takes; anyone can set a state
    if not state.is_completed():
        lost = re.search(
            r"No such file|FileNotFound|ModuleNotFound|ScriptError|MissingFlow|could not be retrieved", said
        )
        raise NotYet(
            f"A worker of {pool!r} {'took' if taken else 'ran, but did not take'} the flow run, which is now "
            f"{state.name}: {state.message or _last_line(said)}",
            "It should end Completed.",
            "The deployment records where its code is: the folder, and nightly.py:nightly in it." if lost else "",
        )
    if not taken:
        raise NotYet(
            "Your flow run is Completed, but no worker ran it.", "A worker should run it.",
            "Don't set the state of the run yourself: the worker does that.",
        )  # fmt: skip


def new_pool(answer: Answer) -> tuple[str, Path]:
    """Make a work pool of type process, and write the file with the flow.

    Returns:
        The pool's name, and the folder of the file, which isn't the one in which the answer runs.
    """
    pool, folder = f"pool-{answer.rng.randrange(10**8)}", answer.folder / f"flows-{answer.rng.randrange(10**4)}"
    folder.mkdir()
    (folder / "nightly.py").write_text(
        f"from prefect import flow\n\n\n@flow(name={FLOW!r})\ndef nightly(number: int = -1):\n    return number\n",
        encoding="utf-8",
    )
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    return pool, folder


def looked_elsewhere(answer: Answer, error: AnswerError) -> None:
    """Say it if the flow's file was looked for where the answer runs, and not in the folder that it was given."""
    text = re.sub(r"\s", "", f"{error}{answer.printed()}")  # the command line breaks its lines anywhere
    if re.search(rf"Nosuchfileordirectory:'(?:{re.escape(str(answer.folder))}/)?nightly\.py'", text):
        raise NotYet(
            "Your call found no file nightly.py.", "It is in the folder `folder`.",
            "A relative path starts from the folder in which your code runs: pass `folder` on.",
        ) from error  # fmt: skip


def _call(answer: Answer, pool: str, folder: Path, number: int) -> None:
    """Call the answer, which should not wait for its run; say it in plain words if it does, or if it was refused."""
    with ThreadPoolExecutor(1) as thread:
        begun, triggered = time.monotonic(), None
        call = thread.submit(answer.call, str(folder), pool, number)
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
                    "`run_deployment()` waits until the run has ended, unless you pass `timeout=0`.",
                )
        try:
            call.result()
        except AnswerError as error:
            _refused(f"{error}\n{answer.printed()}")
            looked_elsewhere(answer, error)
            if "image or remote storage" in str(error):
                raise NotYet(
                    "Prefect refused to deploy your flow, because it doesn't know where its code is stored.",
                    f"It should be deployed from {folder}.",
                    "Load it with `flow.from_source(source=folder, entrypoint=…)`, and call `.deploy(…)` on what that "
                    "returns.",
                ) from None
            raise
        except AnswerAborted as error:
            if error.code == "hang" and "serve(" in str(error):
                more = (
                    "`serve()` runs flow runs itself until you stop it: use `.deploy(…)`, and leave them to a worker."
                )
                raise AnswerAborted("hang", f"{error} {more}") from None
            raise


def _refused(text: str) -> None:
    """Name what the server, or the command line, refused or did not find; do nothing if it was something else."""
    if "ObjectNotFound" in text:
        there = [f"{FLOW}/{found.name}" for found in _deployments()]
        raise NotYet(
            "Your call raised ObjectNotFound: the server has nothing with the name or id that you gave.",
            "It should deploy the flow first, and then trigger that deployment.",
            f"The deployment on the server is called {there[0]!r}: `run_deployment()` takes that name, or the id that "
            "`.deploy()` returned." if there else f"The server has no deployment of the flow {FLOW!r} yet.",
        )  # fmt: skip
    if re.search(r"run_deployment\(\) got an unexpected keyword|parameters\s+Input should be a valid dict", text):
        raise NotYet(
            "`run_deployment()` did not take your parameters.", "They should be one dict.",
            "Pass it as `parameters={'number': number}`.",
        )  # fmt: skip
    if found := re.search(r"\('(\w+)' was unexpected\)|not found on the\s+deployment:\s+'(\w+)'", text):
        raise NotYet(
            f"The server refused your flow run: the flow has no parameter {found[1] or found[2]!r}.",
            "The flow's one parameter is `number`, a whole number.",
            "Pass parameters by the names that the flow's function gives them: `parameters={'number': number}`.",
        )
    if found := re.search(r"Validation failed for field '(\w+)'\. Failure reason: ([^\n\"}]*)", text):
        raise NotYet(
            f"The server refused your flow run: its parameter {found[1]!r} has a wrong value ({found[2].strip()}).",
            "It should be a whole number, as `number` is.",
            "Pass it on as it is, without quotation marks: `parameters={'number': number}`.",
        )


def _deployments() -> list[DeploymentResponse]:
    with get_client(sync_client=True) as client:
        return client.read_deployments(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW])),
            sort=DeploymentSort.NAME_ASC, limit=50,  # the server insists on both
        )  # fmt: skip


def the_deployment(name: str, pool: str, begun: datetime) -> DeploymentResponse:
    """The one deployment that there should be."""
    found = {deployment.name: deployment for deployment in _deployments()}
    if not found:
        ran = _runs(FlowRunFilter(start_time=FlowRunFilterStartTime(after_=begun)))
        raise NotYet(
            f"The server has no deployment of the flow {FLOW!r}"
            + (", though the flow has run, in your own process." if ran else "."),
            f"It should have one: {FLOW}/{name}.",
            "Calling a flow runs it here and now; a deployment tells the server how a worker can run it.",
        )
    if name not in found:
        raise NotYet(
            f"Your deployment is called {FLOW}/{next(iter(found))}.",
            f"It should be {FLOW}/{name}.",
            "The part before the slash is the flow's name, the part after it is the deployment's.",
        )
    on = found[name].work_pool_name
    if on != pool:
        raise NotYet(
            f"Your deployment is on {f'the work pool {on!r}' if on else 'no work pool'}.",
            f"It should be on {pool!r}.",
            "A worker only takes runs from its own pool: a run in another pool waits for ever.",
        )
    return found[name]


def _triggered(deployment: UUID, number: int, printed: str) -> UUID:
    """The one flow run of the deployment that there should be, not yet begun."""
    runs = _runs_of(deployment)
    if not runs:
        raise NotYet(
            "Your deployment has no flow run.",
            "It should be triggered once.",
            "Python warned that a coroutine was never awaited: put `await` before it, or leave out the `async def`."
            if expect.NEVER_AWAITED in printed
            else "A deployment says how to run the flow; `run_deployment(…, timeout=0)`, or `prefect deployment run`, "
            "says when.",
        )
    if len(runs) > 1:
        raise NotYet(f"You triggered your deployment {len(runs)} times.", "It should be once.")
    unknown = sorted(set(runs[0].parameters) - {"number"})
    if runs[0].parameters != {"number": number}:
        raise NotYet(
            f"You triggered the flow run with the parameters {runs[0].parameters}.",
            f"They should be {{'number': {number}}}.",
            f"The flow has no parameter {unknown[0]!r}, so the run would fail." if unknown
            else "Pass on the argument `number`, not a value of your own." if "number" in runs[0].parameters
            else "Pass parameters when you trigger the run: `parameters={…}`, or `--param name=value`.",
        )  # fmt: skip
    state = runs[0].state
    if not state.is_scheduled():
        raise NotYet(
            f"Your flow run is {state.name} before any worker has looked at it.",
            "It should wait for a worker: Scheduled.",
            "Trigger it with `timeout=0`, and leave it to the worker.",
        )
    due = state.state_details.scheduled_time
    if due and due > datetime.now(UTC) + timedelta(minutes=1):
        raise NotYet(
            f"Your flow run isn't due until {due:%Y-%m-%d %H:%M} UTC.",
            "It should be due immediately.",
            "A worker takes a run when its time has come: leave `scheduled_time` out.",
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
        with output.open("w", encoding="utf-8") as log:
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
        return output.read_text(encoding="utf-8", errors="replace")
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
