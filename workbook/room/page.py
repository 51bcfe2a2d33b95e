"""The room on a web page, with FastAPI, which Prefect brings: one page and what it shows. It can only be read."""

import socket
from importlib import resources

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse

from workbook.room.shared import Room


def application(room: Room) -> FastAPI:
    """The page at `/` and, at `/picture`, what it shows; both only for GET."""
    app = FastAPI(openapi_url=None)
    page = resources.files("workbook.room").joinpath("page.html").read_text(encoding="utf-8")
    # It needs nothing from elsewhere, and nothing from elsewhere may come into it.
    policy = "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"

    @app.get("/")
    async def _page() -> HTMLResponse:
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})

    @app.get("/picture")
    async def _picture() -> JSONResponse:
        return JSONResponse(room.shown, headers={"Cache-Control": "no-store"})

    return app


async def serve(room: Room, listening: socket.socket) -> None:
    """Serve the page of a room, until cancelled or interrupted."""
    config = uvicorn.Config(application(room), log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    await uvicorn.Server(config).serve([listening])
