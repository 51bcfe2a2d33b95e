"""Results are published whole or not at all, whenever the process is killed."""

import os
import signal
import sys
from pathlib import Path

import pytest

from flows import publishing
from flows.publishing import PublishError


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def put(run_id: str, text: str = "x") -> None:
    with publishing.staging(run_id) as folder:
        (folder / "a.json").write_text(text, encoding="utf-8")
        publishing.publish(folder)


def runs(data) -> set[str]:
    return {path.stem for path in (data / "runs").iterdir()}  # a run's lock, or link, counts as the run


def test_the_last_published_is_what_is_seen(data):
    put("one", "1")
    assert (data / "out" / "a.json").read_text(encoding="utf-8") == "1"
    put("two", "2")
    assert (data / "out" / "a.json").read_text(encoding="utf-8") == "2"


def test_the_former_stays_until_the_next_sweep(data):
    put("one")
    with (data / "out" / "a.json").open(encoding="utf-8") as reading:
        put("two")
        assert reading.read() == "x" and (data / "runs" / "one").exists()
    assert publishing.sweep() == ["one"]
    assert runs(data) == {"two"}


def test_a_sweep_leaves_what_is_published_or_in_use(data):
    put("published")
    with publishing.staging("living"):
        assert publishing.sweep() == []
        assert (data / "runs" / "living").exists()
    assert publishing.sweep() == ["living"]
    assert (data / "out" / "a.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="a folder's link cannot be replaced in one step on Windows")
@pytest.mark.parametrize("step", ["symlink_to", "replace"])
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_every_step_of_publishing(data, run_python, step, after):
    put("one", "1")
    program = f"""
import os, signal
from pathlib import Path
from flows import publishing
real = Path.{step}
def dying(self, *arguments):
    if {after}: real(self, *arguments)
    os.kill(os.getpid(), signal.SIGKILL)
with publishing.staging("two") as folder:
    (folder / "a.json").write_text("2")
    Path.{step} = dying
    publishing.publish(folder)
"""
    assert run_python("-c", program).returncode == -signal.SIGKILL
    published = "2" if (step, after) == ("replace", True) else "1"
    assert (data / "out" / "a.json").read_text(encoding="utf-8") == published
    put("three", "3")
    publishing.sweep()
    assert (data / "out" / "a.json").read_text(encoding="utf-8") == "3"
    assert runs(data) == {"three"}


def test_a_folder_of_somebody_else_is_not_replaced(data):
    (data / "out").mkdir(parents=True)
    (data / "out" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(PublishError, match="move it away"):
        put("one")
    assert (data / "out" / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_a_place_that_cannot_be_written_is_said_in_a_sentence(data, monkeypatch):
    data.parent.joinpath("file").write_text("", encoding="utf-8")
    monkeypatch.setenv("WORKBOOK_DATA", str(data.parent / "file" / "data"))
    with pytest.raises(PublishError, match=r"could not be written .*Not a directory.* run again"):
        put("one")


def test_a_full_disk_is_said_in_a_sentence():
    if not sys.platform.startswith("linux"):
        pytest.skip("/dev/full, the disk that is always full, is Linux's")
    with pytest.raises(PublishError, match="No space left on device"), publishing.plain_errors():
        Path("/dev/full").write_text("x", encoding="utf-8")
