"""Opens a room: watches the server that the environment names, and shows what it sees until it is interrupted."""

import asyncio
import contextlib
import socket
import time

from rich.console import Console

from workbook.room.page import serve
from workbook.room.shared import Room
from workbook.room.terminal import Screen, headline
from workbook.room.watch import watch

DRAW = 0.25  # seconds between two pictures in the terminal


class RoomError(Exception):
    """The page cannot be served; the message is one sentence with its remedy."""


def show(tag: str, host: str, port: int, console: Console) -> None:
    """Show the room of a tag on a page and in a terminal, until Ctrl-C.

    Args:
        tag: the tag whose limit people share.
        host: the address at which the page is served: 127.0.0.1 for this machine alone, 0.0.0.0 for everybody.
        port: its port.
        console: the terminal.

    Raises:
        RoomError: the port is taken, or this machine doesn't have that address.
    """
    try:
        listening = socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise RoomError(
            f"The page can't be served at {host}:{port} ({why}): choose another --port or --host."
        ) from None
    room = Room(tag)
    with listening:
        console.print(f"The room: http://{host}:{port} (Ctrl-C closes it)", highlight=False, soft_wrap=True)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_until_interrupted(room, listening, console))
    console.print(f"Closed. At the end, {headline(room.picture(time.time()))}.", highlight=False, soft_wrap=True)


async def _until_interrupted(room: Room, listening: socket.socket, console: Console) -> None:
    with Screen(console) as screen:
        async with asyncio.TaskGroup() as tasks:
            watching, serving = tasks.create_task(watch(room)), tasks.create_task(serve(room, listening))
            while not serving.done():  # Ctrl-C ends it, also where a shell's background ignores Ctrl-C otherwise
                room.shown = room.picture(time.time())
                screen(room.shown)
                await asyncio.sleep(DRAW)
            watching.cancel()
