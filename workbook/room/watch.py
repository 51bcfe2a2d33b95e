"""Watches a server: the events of task runs as they come, and several times a second who holds the limit's slots."""

import asyncio
import contextlib
import os
import time
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.events.schemas.events import Event
from prefect.exceptions import ObjectNotFound
from websockets.exceptions import WebSocketException

from workbook.figures.words import clean
from workbook.prefect_server.connection import without_password
from workbook.room.shared import FINAL, Room

LOOK = 0.2  # seconds between two questions to the server
AGAIN = 1.0  # seconds before a server that doesn't answer is asked again


async def watch(room: Room) -> None:
    """Keep a room up to date, until cancelled. If the server stops, the room says so until it is back."""
    while True:
        watching = asyncio.create_task(_until_it_breaks_off(room))
        try:
            await asyncio.wait([watching])  # a task group would take a cancellation at that moment for its failure
        finally:
            watching.cancel()
        watching.result()
        await asyncio.sleep(AGAIN)


async def _until_it_breaks_off(room: Room) -> None:
    try:
        async with get_client() as client, asyncio.TaskGroup() as tasks:
            tasks.create_task(_hear(room, client, tasks))
            tasks.create_task(_count(room, client))
    except* (httpx.HTTPError, OSError, WebSocketException):
        server = without_password(os.environ["PREFECT_API_URL"])
        room.problem = f"The Prefect server at {server} doesn't answer. This is how the room last stood."


async def _hear(room: Room, client: PrefectClient, tasks: asyncio.TaskGroup) -> None:
    wanted = EventFilter(event=EventNameFilter(prefix=["prefect.task-run.", "prefect.flow-run."]))
    asked = set()
    async with get_events_subscriber(wanted, reconnection_attempts=0) as events:
        async for event in events:
            flow_run = _heard(room, event)
            if flow_run and flow_run not in asked and not room.knows(flow_run):
                asked.add(flow_run)
                tasks.create_task(_learn_name(room, client, flow_run))  # events are heard meanwhile


def _heard(room: Room, event: Event) -> str | None:
    """Tell the room what an event means for it; the id of its flow run, if it means anything."""
    kind, _, run = event.resource.id.rpartition(".")
    state, moment = event.resource.get("prefect.state-type", ""), event.occurred.timestamp()
    if kind == "prefect.flow-run":
        if state in FINAL:
            room.end_flow_run(run, moment)
        return None
    flow_runs = [one.id.rpartition(".")[2] for one in event.related if one.role == "flow-run"]
    if not flow_runs or f"prefect.tag.{room.tag}" not in [one.id for one in event.related]:
        return None
    room.hear(run, flow_runs[0], state, moment)
    room.behind = max(0.0, time.time() - moment)
    return flow_runs[0]


async def _learn_name(room: Room, client: PrefectClient, flow_run: str) -> None:
    """Call a flow run by the name of the outermost flow run in which it was called, or its own."""
    name, outer = "…", UUID(flow_run)
    with contextlib.suppress(ObjectNotFound):  # somebody has deleted it
        while outer:
            found = await client.read_flow_run(outer)
            name, caller = found.name, found.parent_task_run_id
            outer = caller and (await client.read_task_run(caller)).flow_run_id
    room.meet(flow_run, clean(name))


async def _count(room: Room, client: PrefectClient) -> None:
    while True:
        try:
            # Only the one knows whether the limit is switched on, and only the other who holds its slots.
            limit = await client.read_global_concurrency_limit_by_name(f"tag:{room.tag}")
            held = await client.read_concurrency_limit_by_tag(room.tag)
            room.count(limit.limit if limit.active else None, map(str, held.active_slots), time.time())
        except ObjectNotFound:
            room.count(None, [], time.time())
        room.problem = ""
        await asyncio.sleep(LOOK)
