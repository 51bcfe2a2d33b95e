"""Tag concurrency limits: how many task runs with a tag may run at once, over all clients of a server."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from workbook.prefect_server.connection import plain_errors


class NoSuchLimit(Exception):
    """The tag has no limit; the message is one sentence."""


@dataclass(frozen=True)
class Limit:
    """A limit in force: `limit` task runs with `tag` at once; `active_slots` of its slots are taken now.

    `decay` is how many slots a second come free by themselves; a limit on a tag should have none.
    """

    tag: str
    limit: int
    active_slots: int
    decay: float = 0.0


def slot_wait(client: SyncPrefectClient) -> float | None:
    """Seconds for which a client's server has a task run wait that found no free slot; None if it doesn't tell."""
    try:
        settings = client.request("GET", "/admin/settings").json()
    except httpx.HTTPStatusError:  # one that does not show its settings
        return None
    return settings.get("server", {}).get("tasks", {}).get("tag_concurrency_slot_wait_seconds")


def read_limit(tag: str) -> Limit | None:
    """The limit on a tag, or None if it has none, or one that is switched off."""
    with plain_errors(), get_client(sync_client=True) as client:
        try:
            found = client.read_global_concurrency_limit_by_name(_name(tag))
        except ObjectNotFound:
            return None
    if not found.active:
        return None
    return Limit(tag, found.limit, found.active_slots, found.slot_decay_per_second or 0.0)


def ensure_limit(tag: str, limit: int) -> str:
    """Make the limit on a tag be `limit`, whatever it was before; doing it twice does no more than once.

    Returns:
        What had to be done: "created", "updated" or "unchanged".

    Raises:
        ValueError: fewer than one slot. (Prefect accepts 0, and then a task with the tag never begins.)
        ServerError: the server cannot be reached, or refuses.
    """
    if limit < 1:
        raise ValueError(f"A limit must be at least 1 (got {limit}).")
    before = read_limit(tag)
    if before and before.limit == limit:
        return "unchanged"
    with plain_errors(), get_client(sync_client=True) as client:
        if before is None:
            try:
                client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=_name(tag), limit=limit))
                return "created"
            except ObjectAlreadyExists:
                pass  # switched off, or another process was quicker
        client.update_global_concurrency_limit(
            name=_name(tag), concurrency_limit=GlobalConcurrencyLimitUpdate(limit=limit, active=True)
        )
    return "updated"


def remove_limit(tag: str) -> None:
    """Take the limit off a tag, with the count of slots taken on it; nothing happens if there is none."""
    with plain_errors(), get_client(sync_client=True) as client, contextlib.suppress(ObjectNotFound):
        client.delete_global_concurrency_limit_by_name(_name(tag))


@contextlib.contextmanager
def borrowed_limit(tag: str, limit: int) -> Iterator[None]:
    """Let a tag have this limit while the block runs, and leave it as it was before, however the block ends.

    Raises:
        ServerError: the server cannot be reached, or refuses.
    """
    with plain_errors(), get_client(sync_client=True) as client:
        try:
            before = client.read_global_concurrency_limit_by_name(_name(tag))
        except ObjectNotFound:
            before = None
    ensure_limit(tag, limit)
    try:
        yield
    finally:
        if before is None:
            remove_limit(tag)
        else:
            with plain_errors(), get_client(sync_client=True) as client:
                was = GlobalConcurrencyLimitUpdate(limit=before.limit, active=before.active)
                client.update_global_concurrency_limit(name=_name(tag), concurrency_limit=was)


def free_slots(tag: str) -> int:
    """Give back every slot taken on a tag's limit: for slots that leaked, as when a server was restarted meanwhile.

    Only for when no task run with the tag is alive: the slots of those that are would be given out a second time.

    Returns:
        How many were taken.

    Raises:
        NoSuchLimit: the tag has no limit.
        ServerError: the server cannot be reached, or refuses.
    """
    with plain_errors(), get_client(sync_client=True) as client:
        try:
            taken = client.read_global_concurrency_limit_by_name(_name(tag)).active_slots
        except ObjectNotFound:
            raise NoSuchLimit(f"The server has no limit on the tag {tag!r}. `prefect gcl ls` lists them all.") from None
        client.update_global_concurrency_limit(_name(tag), GlobalConcurrencyLimitUpdate(active_slots=0))
    return taken


def _name(tag: str) -> str:
    return f"tag:{tag}"  # how Prefect 3 names the limit of a tag among its global limits
