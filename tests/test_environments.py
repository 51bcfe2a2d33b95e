"""The ready environments: their files can be read, and what they run is there. No container is started here."""

import json
import os
import re
import subprocess

import yaml

from conftest import CHECKOUT

MAKEFILE = (CHECKOUT / "Makefile").read_text()


def read(name: str):
    return json.loads((CHECKOUT / name).read_text())


def is_a_target(command: str) -> bool:
    """Whether make knows it, without running it."""
    program, target = command.split()
    known = subprocess.run(["make", "-n", target], cwd=CHECKOUT, capture_output=True).returncode == 0
    return program == "make" and known


def test_the_dev_container_installs_as_the_readme_does_and_forwards_its_ports():
    container = read(".devcontainer/devcontainer.json")
    assert is_a_target(container["postCreateCommand"])
    assert container["forwardPorts"] == [4200, 8888] == [int(port) for port in container["portsAttributes"]]
    version = re.search(r"python:3\.(\d+)$", container["image"])
    assert 11 <= int(version[1]) <= 13


def test_vs_code_chooses_the_interpreter_of_the_environment():
    container = read(".devcontainer/devcontainer.json")["customizations"]["vscode"]
    paths = [part["python.defaultInterpreterPath"] for part in (container["settings"], read(".vscode/settings.json"))]
    assert [re.sub(r"\$\{\w+\}", "", path) for path in paths] == ["/.venv/bin/python"] * 2
    assert set(container["extensions"]) <= set(read(".vscode/extensions.json")["recommendations"])


def test_binder_installs_the_lock_and_its_script_can_run():
    binder = CHECKOUT / ".binder"
    (line,) = (binder / "requirements.txt").read_text().splitlines()
    assert (binder / line.removeprefix("-r ")).resolve() == CHECKOUT / "requirements.txt"
    assert re.fullmatch(r"python-3\.1[1-3]\n", (binder / "runtime.txt").read_text())
    assert os.access(binder / "postBuild", os.X_OK)
    subprocess.run(["bash", "-n", binder / "postBuild"], check=True)
    lab = re.search(r"labextension disable .*", MAKEFILE)[0].split(" \\")[0]
    assert lab in (binder / "postBuild").read_text()


def test_the_workflows_run_make_targets():
    for workflow in (CHECKOUT / ".github" / "workflows").glob("site.yml"):
        jobs = yaml.safe_load(workflow.read_text())["jobs"]
        runs = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
        assert runs and all(map(is_a_target, runs)), runs
