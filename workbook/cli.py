"""The `workbook` command. Anything that can be foreseen to go wrong ends in one line on stderr, without a traceback."""

import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated, Literal, get_args

from typer import Argument, Exit, Option, Typer, TyperException

from workbook.foreseen import explained, foreseen
from workbook.paths import OutputError
from workbook.prefect_server import connection, local, process


def _examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  workbook {line}" for line in lines)  # after \b, lines aren't joined


HELP, EXAMPLES = "Learn Prefect concurrency by looking at real runs.", _examples("doctor", "race", "hint 3.1")
# Plain text, not Rich's panels: it reads the same in a terminal, a log and a test, and takes less time to load.
app = Typer(help=HELP, epilog=EXAMPLES, rich_markup_mode=None, pretty_exceptions_enable=False)
Colour = Literal["task", "flow"]
Action = Literal["start", "stop", "status", "free-slots"]
ACTIONS, COLOURS = ", ".join(get_args(Action)), ", ".join(get_args(Colour))
STATES = {
    "running": "running at {0.api_url} (pid {0.pid}); web UI at {0.ui_url}",
    "not answering": "started (pid {0.pid}) but not answering at {0.api_url}; see {1}",
    "stale": "not running (the server of pid {0.pid} ended without `workbook server stop`)",
    "stopped": "not running; start it with `workbook server start`",
}
Exercise = Annotated[str, Argument(metavar="EXERCISE", help="Its number, such as 3.1.")]
Level = Annotated[int, Argument(min=1, metavar="LEVEL", help="1 says little, the last the most.")]
Figure = Annotated[Path | None, Option(metavar="FILE", help="Where to save the figure, .png or .svg (in data/).")]
AsJson = Annotated[bool, Option("--json", help="Print JSON instead, for another program.")]
Records = Annotated[Path | None, Option("--json", metavar="FILE", help="Save every number and every task run.")]


def _version(wanted: bool) -> None:
    if wanted:
        versions = metadata.version("prefect-concurrency-workbook"), metadata.version("prefect")
        print("workbook {}, Prefect {}, Python {}".format(*versions, platform.python_version()))
        raise Exit


@app.callback()
def _before_any_command(
    version: Annotated[bool, Option("--version", callback=_version, is_eager=True, help="Print the versions.")] = False,
) -> None: ...


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the words after `workbook`; by default those of this process.

    Returns:
        The exit code: 0 if all went well, 1 if something went wrong, 2 if the command can't be understood, 130 after
        Ctrl-C. Only shell completion ends the process itself.
    """
    process.print_anything()
    connection.keep_out_of_the_users_home()
    try:
        code = app(arguments, prog_name="workbook", standalone_mode=False) or 0
    except (TyperException, local.ServerError, OutputError) as error:
        message, code = explained(error, {"colour": COLOURS, "action": ACTIONS})
        print(f"Error: {message}", file=sys.stderr)
    if code == 130:  # Typer's, for a KeyboardInterrupt
        print("Interrupted.", file=sys.stderr)
    return code


@app.command(epilog=_examples("server start", "server free-slots database"))
def server(
    action: Annotated[Action, Argument(metavar="ACTION", help=f"One of {ACTIONS}.")],
    tag: Annotated[str | None, Argument(metavar="TAG", help="For free-slots: whose leaked slots to free.")] = None,
) -> None:
    """Start, stop or look at this checkout's own Prefect server."""
    if (action == "free-slots") != (tag is not None):
        raise TyperException("`free-slots` needs a tag, the other actions take none: `workbook server free-slots TAG`.")
    if action == "free-slots":
        _free_slots(tag)
    elif action == "stop":
        stopped = local.stop()
        print(f"Stopped the server at {stopped.api_url}." if stopped else "No local server was running.")
    elif action == "start" or connection.given_url():
        connection.ensure()
    else:
        record, state = local.status()
        print("Local Prefect server:", STATES[state].format(record, local.log_file()))
        raise Exit(0 if state == "running" else 1)


def _free_slots(tag: str) -> None:
    if not connection.given_url() and local.status()[1] != "running":
        raise TyperException("The local server isn't running. Its limits, and the slots taken on them, ended with it.")
    connection.ensure()
    from workbook.prefect_server.limits import NoSuchLimit, free_slots

    with foreseen(NoSuchLimit):
        taken = free_slots(tag)
    print(f"Freed {taken} slot{'' if taken == 1 else 's'} of the limit on {tag!r}.")


@app.command(epilog=_examples("doctor", "doctor --json"))
def doctor(json: AsJson = False) -> None:
    """Check that everything is in place, with a fix for what isn't."""
    from workbook.prefect_server import doctor

    raise Exit(doctor.print_report(doctor.checkup(), json))


def _data() -> Path:
    """The folder of figures that nobody named a file for, made if needed."""
    from flows.publishing import PublishError, data, plain_errors

    with foreseen(PublishError), plain_errors():
        data().mkdir(parents=True, exist_ok=True)
    return data()


@app.command(epilog=_examples("race", "race --queries 40 --limit 5 --seconds 0.5 --pool"))
def race(
    queries: Annotated[int, Option(min=1, metavar="N", help="How many queries.")] = 20,
    limit: Annotated[int, Option(min=1, metavar="N", help="How many at once, where something limits them.")] = 3,
    seconds: Annotated[float | None, Option(metavar="S", help="How long each takes (default: its own time).")] = None,
    pool: Annotated[bool, Option("--pool", help="A fifth lane: the task runner's workers are the limit.")] = False,
    figure: Figure = None,
    json: Records = None,
) -> None:
    """Run the same queries in every pattern, and compare how they ran."""
    from flows.warehouse import WarehouseError
    from workbook import paths
    from workbook.races import result, run
    from workbook.races.lanes import RaceError

    with foreseen(RaceError, WarehouseError):
        numbers = run.check(queries, limit, seconds)
        figure = paths.prepare(figure or _data() / "race.png", "--figure", (".png", ".svg"))
        records = paths.prepare(json, "--json") if json else None
        ran = run.race(*numbers, pool=pool)
    ran.picture.save(figure)
    result.print_report(ran, figure)
    if records:
        records.write_text(ran.to_json(), encoding="utf-8")
        print(f"Records: {paths.shown(records)}")
    if ran.errors:
        raise TyperException("\nError: ".join(ran.errors))


@app.command(epilog=_examples("timeline", "timeline FLOW_RUN --limit 3", "timeline --colour flow --figure run.svg"))
def timeline(
    flow_run: Annotated[str, Argument(metavar="FLOW_RUN", help="Name, id or web address (default: the last).")] = "",
    limit: Annotated[int | None, Option(min=1, metavar="N", help="Most at once (default: each tag's limit).")] = None,
    tag: Annotated[str | None, Option(metavar="TAG", help="Look only at the task runs with this tag.")] = None,
    colour: Annotated[Colour, Option(help="Colour task runs by their task or by their flow run.")] = "task",
    follow: Annotated[bool, Option("--follow", help="Show the run while it goes on, until it has ended.")] = False,
    figure: Figure = None,
    json: Records = None,
) -> None:
    """Show how a flow run went: figure, table and diagnosis."""
    from rich.console import Console

    from workbook import paths

    if not connection.given_url() and local.status()[1] != "running":
        raise TyperException(
            "The workbook's own server isn't running, and it forgets its runs when it stops. Run the flow "
            "again, or set PREFECT_API_URL to the server that has the run."
        )
    connection.ensure()
    from workbook import observe_run
    from workbook.runs import report
    from workbook.runs.records import find_flow_run, last_flow_runs

    if not flow_run:
        print("The last flow runs:", *(f"  {run.name}: {run.state.name}" for run in last_flow_runs(5)), sep="\n")
    with connection.plain_errors():
        wanted = find_flow_run(flow_run)
        if follow:
            seen = report.follow(wanted, Console())
        else:
            with Console(stderr=True).status("Reading the records …") as status:
                seen = observe_run(wanted, say=status.update)
    figure = paths.prepare(figure or _data() / f"timeline-{seen.flow_run_id!s:.8}.png", "--figure", (".png", ".svg"))
    records = paths.prepare(json, "--json") if json else None
    with foreseen(report.NoSuchTag):
        judged = report.judged(seen, tag)
    limit = report.limit_in_force(judged) if limit is None else limit
    report.print_report(seen, judged, limit, figure, colour)
    if records:
        records.write_text(report.to_json(seen, judged, limit), encoding="utf-8")
        print(f"Records: {paths.shown(records)}")


@app.command(epilog=_examples("room", "room --tag database --port 4300 --host 0.0.0.0"))
def room(
    tag: Annotated[str, Option(metavar="TAG", help="The tag whose limit everybody shares.")] = "database",
    port: Annotated[int, Option(min=1, metavar="N", help="The page's port.")] = 4300,
    host: Annotated[str, Option(metavar="HOST", help="0.0.0.0 lets others open the page, too.")] = "127.0.0.1",
) -> None:
    """Show live how everybody's task runs share a limit."""
    from rich.console import Console

    connection.ensure()
    from workbook.room import run

    with foreseen(run.RoomError):
        run.show(tag, host, port, Console())


@app.command("list", epilog=_examples("list", "list --json"))
def list_exercises(json: AsJson = False) -> None:
    """List every exercise, and how it stands."""
    from rich.console import Console

    from workbook.grading import gradebook

    gradebook.show_list(Console(), json)


@app.command(epilog=_examples("grade 3.1 --watch", "grade --from ann.zip --csv ann.csv", "grade --class in --out out"))
def grade(
    exercises: Annotated[list[str] | None, Argument(metavar="EXERCISE", help="Such as 3.1 (default: all).")] = None,
    folder: Annotated[Path | None, Option("--from", metavar="DIR", help="Another's answers: a folder or zip.")] = None,
    watch: Annotated[bool, Option("--watch", help="Keep going, and grade again whenever you save.")] = False,
    json: Annotated[Path | None, Option(metavar="FILE", help="Save the verdicts as JSON.")] = None,
    junit: Annotated[Path | None, Option(metavar="FILE", help="Save the verdicts as JUnit XML.")] = None,
    csv: Annotated[Path | None, Option(metavar="FILE", help="Save the verdicts as CSV.")] = None,
    markdown: Annotated[Path | None, Option(metavar="FILE", help="Save the verdicts as Markdown.")] = None,
    group: Annotated[Path | None, Option("--class", metavar="DIR", help="A folder or zip for each learner.")] = None,
    out: Annotated[Path | None, Option(metavar="DIR", help="With --class: the report's folder.")] = None,
    jobs: Annotated[int | None, Option(min=1, metavar="N", help="With --class: answers judged at once.")] = None,
    columns: Annotated[str, Option(metavar="NAMES", help="With --class: of grades.csv.")] = "",
) -> None:
    """Grade answers by how they run."""
    wanted = {"json": json, "junit": junit, "csv": csv, "markdown": markdown}
    if group:
        _grade_class(exercises or [], group, out, jobs, columns, [folder, watch, *wanted.values()])
    if out or jobs or columns:
        raise TyperException("`--out`, `--jobs` and `--columns` need a class: `workbook grade --class DIR --out DIR`.")
    from rich.console import Console

    from workbook import paths
    from workbook.grading import handed_in
    from workbook.grading.grader import Grader

    files = {kind: paths.prepare(file, f"--{kind}") for kind, file in wanted.items() if file}
    with Grader() as grader, foreseen(handed_in.SubmissionError):
        answers = handed_in.collect(folder)
        if watch or any("NotImplementedError" not in answer.text for answer in answers.found.values()):
            grader.start()  # it gets ready while this process loads what is below
        from workbook.grading import gradebook
        from workbook.grading.exercises import UnknownExercise

        with foreseen(UnknownExercise):
            passed = gradebook.grade(exercises or [], Console(), grader, folder, files, watch, answers)
    raise Exit(0 if passed else 1)


def _grade_class(ids: list[str], folder: Path, out: Path | None, jobs: int | None, columns: str, others: list) -> None:
    if out is None or any(others):
        raise TyperException("`--class` needs `--out DIR` for all its files, and no `--from`, `--watch`, `--csv` …")
    from rich.console import Console

    from workbook.grading import class_report, classroom, exercises

    with foreseen(exercises.UnknownExercise, classroom.SubmissionError, class_report.ColumnError):
        raise Exit(0 if classroom.grade_class(ids, Console(), folder, out, jobs, columns) else 1)


@app.command(epilog=_examples("hint 3.1", "hint 3.1 2"))
def hint(exercise: Exercise, level: Level = 1) -> None:
    """Give a hint for an exercise."""
    from workbook.grading import shown
    from workbook.grading.exercises import UnknownExercise

    with foreseen(UnknownExercise):
        print(shown.hint(exercise, level, "workbook hint {} {}"))


@app.command(epilog=_examples("reset 3.1"))
def reset(exercise: Exercise) -> None:
    """Put an exercise back to its beginning; a backup is kept."""
    from workbook.grading import submissions
    from workbook.grading.exercises import UnknownExercise, find

    with foreseen(UnknownExercise, submissions.SubmissionError):
        kept = submissions.reset(find(exercise).id)
    print(f"Exercise {exercise} is back at its beginning. Your answer is kept in {kept}.")


if __name__ == "__main__":
    sys.exit(main())
