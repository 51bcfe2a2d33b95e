"""The rooms of the package: imports run one way between them, and in no circle between modules."""

import ast
import graphlib
from pathlib import Path

import pytest

from conftest import CHECKOUT

pytestmark = pytest.mark.second

PACKAGE = CHECKOUT / "workbook"
# Each room may import those named for it. What stands beside them in workbook/ are the names that outsiders use.
MAY_IMPORT = {
    "paths": set(),
    "prefect_server": {"paths"},
    "timelines": set(),
    "figures": {"timelines", "paths"},
    "runs": {"figures", "timelines", "prefect_server", "paths"},
    "room": {"figures", "timelines", "prefect_server", "paths"},
    "races": {"lessons", "runs", "figures", "timelines", "prefect_server", "paths"},
    "lessons": {"figures", "timelines", "paths"},
    "grading": {"lessons", "runs", "figures", "timelines", "prefect_server", "paths"},
}
MODULES = {
    ".".join(file.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__"): file
    for file in PACKAGE.rglob("*.py")
}


def imports_of(file: Path) -> set[str]:
    """The modules of the package that a module imports, wherever in it: also in a function, or for types only."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are written out"
            for name in node.names:
                full = f"{node.module}.{name.name}"
                found.add(full if full in MODULES else node.module)
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return {name for name in found if name in MODULES}


def test_every_room_says_what_it_is_for_and_what_it_may_import():
    rooms = {file.parent.name for file in PACKAGE.glob("*/__init__.py")}
    assert rooms == set(MAY_IMPORT) - {"paths"}
    for room in rooms:
        said = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8")))
        assert "May import" in said and all(f"`{other}`" in said for other in MAY_IMPORT[room]), room


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_no_room_imports_one_above_it(room):
    """Nor the names beside the rooms: those are for outsiders."""
    for module, file in MODULES.items():
        if module.split(".")[1:2] == [room]:
            others = {name.split(".")[1] for name in imports_of(file) if "." in name} - {room}
            assert others <= MAY_IMPORT[room], module
            assert "workbook" not in imports_of(file), module


def test_no_module_imports_itself_on_any_way_round():
    graphlib.TopologicalSorter({module: imports_of(file) for module, file in MODULES.items()}).prepare()


def test_flows_import_the_workbook_only_where_they_are_run_as_scripts():
    for file in sorted((CHECKOUT / "flows").glob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        scripts = [node for node in tree.body if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)]
        scripts += [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in ("main", "told")]
        allowed = {id(node) for script in scripts for node in ast.walk(script)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("workbook"):
                assert id(node) in allowed, f"{file.name}:{node.lineno}"


def test_every_file_of_text_is_opened_with_its_encoding():
    """Where the type of the path is known, Ruff's PLW1514 sees to it; here it isn't asked for."""
    files = [file for room in ("workbook", "flows", "scripts") for file in (CHECKOUT / room).rglob("*.py")]
    for file in files:
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or any(keyword.arg == "encoding" for keyword in call.keywords):
                continue
            binary = any(isinstance(word, ast.Constant) and "b" in str(word.value) for word in call.args)
            method = getattr(call.func, "attr", "")
            opens = method in ("read_text", "write_text") or (method == "open" and not binary)
            assert not opens or ast.unparse(call.func) == "os.open", f"{file}:{call.lineno}: {ast.unparse(call)}"
            assert all(keyword.arg != "text" for keyword in call.keywords), f"{file}:{call.lineno}: text=True"


def test_every_module_fits_a_readers_head():
    long = {
        str(file.relative_to(CHECKOUT)): len(file.read_text(encoding="utf-8").splitlines()) for file in MODULES.values()
    }
    assert {name: lines for name, lines in long.items() if lines > 300} == {}
