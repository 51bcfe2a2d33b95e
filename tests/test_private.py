"""Prefect's log records, whose texts the reading of runs rests on: these fail when one of them changes."""

import queue

import pytest
from prefect import flow, task
from prefect.client.orchestration import get_client

from workbook.prefect_server import limits
from workbook.runs import private

pytestmark = [pytest.mark.second, pytest.mark.usefixtures("prefect_server")]


@task
def fine():
    return 1


@task
def broken():
    raise ValueError("broken")


@task(tags=["closed-private"])
def refused():
    return 1


@flow
def three():
    return [future.state for future in (made.submit() for made in (fine, broken)) if future.wait() is None]


@flow
def closed():
    return refused.submit().result()


def test_the_end_of_each_task_run_and_the_begin_of_the_flow_run_are_heard():
    begun = queue.SimpleQueue()
    with private.finished_task_runs() as finished, private.first_flow_run(begun):
        state = three(return_state=True)
    assert private.can_hear()
    assert begun.get_nowait() == state.state_details.flow_run_id and begun.empty()
    assert len(finished) == 2 and set(finished.values()) == {str(state.state_details.flow_run_id)}


def test_one_that_is_refused_a_slot_has_not_finished():
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name("tag:closed-private", 0)
    with private.finished_task_runs() as finished, pytest.raises(Exception, match="slot"):
        closed()
    assert finished == {}
    limits.remove_limit("closed-private")


def test_what_is_heard_is_the_id_that_the_record_has():
    with private.finished_task_runs() as finished:
        three(return_state=True)
    with get_client(sync_client=True) as client:
        assert {client.read_task_run(task_run).name.partition("-")[0] for task_run in finished} == {"fine", "broken"}
