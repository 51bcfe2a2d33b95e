"""docs/operating_guide.md, followed to the letter: every block, in the order in which it stands, from nothing."""

import os
import re
import shlex
import shutil
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import sqlalchemy
from sqlalchemy import text
from sqlalchemy.engine import make_url

from conftest import CHECKOUT, free_port
from tests import production
from tests.production import clean_environment, wait_for

pytestmark = [pytest.mark.production, pytest.mark.second]  # on two quiet cores it takes a minute and a half

GUIDE = (CHECKOUT / "docs" / "operating_guide.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NOT_RUN = re.compile(r"\*\(Not run by the test: .{10,}\.\)\*")
WRITE = re.compile(r"Save this as `(\S+)`:")
NEEDED = ("bash", "git", "curl", "openssl", "psql", "pg_dump", "systemd-analyze")


@dataclass(frozen=True)
class Block:
    """A fenced block, and what is done with it: "run" it, "write" it to `file`, "see" it printed, or "skip" it."""

    what: str
    code: str
    file: str = ""


def blocks(guide: str) -> list[Block]:
    """The blocks of a guide, in order.

    Raises:
        ValueError: one is neither run nor written nor shown, and has no mark with a reason.
    """
    found = []
    for fence in FENCE.finditer(guide):
        language, code = fence.groups()
        before = guide[: fence.start()].rstrip().rpartition("\n")[2]
        if NOT_RUN.fullmatch(before):
            found.append(Block("skip", code))
        elif written := WRITE.fullmatch(before):
            found.append(Block("write", code, written[1]))
        elif language == "bash":
            found.append(Block("run", code))
        elif not language and found and found[-1].what == "run":
            found.append(Block("see", code))
        else:
            raise ValueError(f"neither run nor marked: {code.splitlines()[0]}")
    return found


def script(found: list[Block]) -> str:
    """One program of all of them, that says before each block which one it is, and stops where one fails."""
    lines = ["set -euo pipefail"]
    for number, block in enumerate(found):
        if block.what == "run":
            lines += [f"echo; echo '@@@ {number}'", block.code]
        elif block.what == "write":
            file = shlex.quote(block.file)
            lines += [f"mkdir -p \"$(dirname {file})\"; cat >{file} <<'@@@'", f"{block.code}@@@"]
    return "\n".join(lines)


def seen(shown: str) -> str:
    """The pattern of what a block without a language shows."""
    return ".*?".join(re.escape(part) for part in shown.strip().split("…"))


@pytest.fixture
def place(tmp_path) -> Iterator[dict[str, str]]:
    """What stands in the guide, and what stands for it here; the database and all processes are gone afterwards."""
    if missing := [program for program in NEEDED if not shutil.which(program)]:
        pytest.skip(f"{', '.join(missing)} not found: apt-get install git curl openssl postgresql systemd")
    admin = make_url(production.POSTGRES)
    engine = sqlalchemy.create_engine(
        admin.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5}
    )
    try:
        engine.connect().close()
    except sqlalchemy.exc.OperationalError as error:
        pytest.skip(f"no PostgreSQL: {error}")
    folder, name = tmp_path / "srv", f"workbook_ops_{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    (folder / ".venv").symlink_to(sys.prefix)
    yield {
        "PGHOST=127.0.0.1 PGPORT=5432 PGUSER=postgres": f"PGHOST={admin.host} PGPORT={admin.port or 5432} "
        f"PGUSER={admin.username} PGPASSWORD={admin.password or ''}",
        "@127.0.0.1:5432/": f"@{admin.host}:{admin.port or 5432}/",
        "/srv/prefect": str(folder),
        "prefect_ops": name,
        "4200": str(free_port()),
        "4300": str(free_port()),
    }
    for process in processes_of(folder):
        process.kill()
    with engine.connect() as connection:
        for database in (name, f"{name}_restored"):
            connection.execute(text(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)"))
        connection.execute(text(f"DROP ROLE IF EXISTS {name}"))
    engine.dispose()


def processes_of(folder: Path) -> list[psutil.Process]:
    """The processes whose environment or folder is this one."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and str(folder) in str(process.environ().values()):
                found.append(process)
        except psutil.Error:  # it has ended, or is another user's
            continue
    return found


def test_the_guide_works_as_it_is_written(place, tmp_path):
    guide = GUIDE
    for there, here in place.items():
        assert there in guide, there
        guide = guide.replace(there, here)
    found = blocks(guide)
    (tmp_path / "guide.sh").write_text(script(found), encoding="utf-8")
    environment = clean_environment(tmp_path, HOME=str(tmp_path))
    with production.started(["bash", "guide.sh"], tmp_path / "guide.log", environment, tmp_path) as running:
        wait_for(lambda: running.process.poll() is not None, running.printed)
    printed = running.printed()
    assert running.process.returncode == 0, printed
    outputs = {int(part.split("\n", 1)[0]): part.split("\n", 1)[1] for part in printed.split("\n@@@ ")[1:]}
    assert len(outputs) == sum(block.what == "run" for block in found)
    for number, block in enumerate(found):
        if block.what == "see":
            assert re.search(seen(block.code), outputs[number - 1], re.DOTALL), outputs[number - 1]

        if "systemd-analyze verify" in block.code:  # it warns of a key that it doesn't know, and still ends with 0
            assert not outputs[number].strip()

    folder = tmp_path / "srv"
    assert not processes_of(folder)
    said = printed + "".join(log.read_text(encoding="utf-8") for log in folder.glob("*.log"))
    for secret in ("database-password", "auth-string", "encryption-key", "partner-key"):
        assert (folder / secret).read_text(encoding="utf-8").strip() not in said, secret
        assert (folder / secret).stat().st_mode & 0o077 == 0


def test_a_block_that_is_neither_run_nor_marked_is_noticed():
    with pytest.raises(ValueError, match="neither run nor marked: x = 1"):
        blocks("Text.\n\n```python\nx = 1\n```\n")
    assert [block.what for block in blocks("*(Not run by the test: it needs root.)*\n\n```bash\nreboot\n```\n")] == [
        "skip"
    ]
