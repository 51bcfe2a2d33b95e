"""The `workbook` command. What can be foreseen to go wrong ends in one sentence and exit code 1."""

import argparse
import sys
from pathlib import Path

from workbook import server
from workbook.outputs import OutputError


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the words after `workbook`; those of this process if not given.

    Returns:
        The exit code: 0 well, 1 not well; argparse ends with 2 when the command itself cannot be read.
    """
    chosen = _parser().parse_args(arguments)
    try:
        return chosen.run(chosen)
    except (server.ServerError, OutputError) as error:
        return _refused(error)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="workbook", description="Learn Prefect concurrency by looking at real runs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    life = commands.add_parser("server", help="start, stop or look at this checkout's own Prefect server")
    life.add_argument("what", choices=["start", "stop", "status", "free-slots"])
    life.add_argument("tag", nargs="?", metavar="TAG", help="with free-slots: whose leaked slots to give back")
    life.set_defaults(run=_server)

    doctor = commands.add_parser("doctor", help="check that everything is in place, with a remedy for what is not")
    doctor.set_defaults(run=_doctor)

    # Numbers stay text here: what is wrong with one is said in a sentence by whoever knows what it must be.
    race = commands.add_parser("race", help="run the same queries in every pattern, and compare how they ran")
    race.add_argument("--queries", default="20", metavar="N", help="how many (20)")
    race.add_argument("--limit", default="3", metavar="N", help="how many at once, where something limits them (3)")
    race.add_argument("--seconds", metavar="S", help="how long each takes (by default each its own time)")
    race.add_argument("--pool", action="store_true", help="a fifth lane: the task runner's workers are the limit")
    race.add_argument("--figure", metavar="FILE", help="where to save the figure, .png or .svg (data/race.png)")
    race.add_argument("--json", metavar="FILE", help="save every number and every task run")
    race.set_defaults(run=_race)

    timeline = commands.add_parser("timeline", help="show how a flow run went: figure, table and diagnosis")
    timeline.add_argument("flow_run_id", metavar="FLOW_RUN_ID")
    timeline.add_argument("--limit", metavar="N", help="how many task runs may run at once")
    timeline.add_argument("--tag", help="look only at the task runs with this tag")
    timeline.add_argument("--figure", metavar="FILE", help="where to save it, .png or .svg (data/timeline-ID.png)")
    timeline.add_argument("--json", metavar="FILE", help="save every number and every task run")
    timeline.set_defaults(run=_timeline)

    listing = commands.add_parser("list", help="every exercise, and how it stands")
    listing.set_defaults(run=_list)

    grade = commands.add_parser("grade", help="grade answers by how they run")
    grade.add_argument("ids", nargs="*", metavar="EXERCISE", help="as 3.1 (all, if none is named)")
    grade.add_argument("--from", dest="folder", metavar="DIR", help="where the answers are (notebooks/)")
    grade.add_argument("--watch", action="store_true", help="go on, and grade again whatever is saved")
    for kind in ("json", "junit", "csv"):
        grade.add_argument(f"--{kind}", metavar="FILE", help=f"save the verdicts as {kind}")
    grade.set_defaults(run=_grade)

    hint = commands.add_parser("hint", help="a hint for an exercise")
    hint.add_argument("id", metavar="EXERCISE")
    hint.add_argument("level", nargs="?", default="1", help="1 is a nudge, the last is nearly there")
    hint.set_defaults(run=_hint)

    reset = commands.add_parser("reset", help="put an exercise back to its beginning, and keep what you wrote")
    reset.add_argument("id", metavar="EXERCISE")
    reset.set_defaults(run=_reset)
    return parser


def _server(chosen: argparse.Namespace) -> int:
    if (chosen.what == "free-slots") != (chosen.tag is not None):
        return _refused("A tag belongs to free-slots, and to nothing else: `workbook server free-slots database`.")
    if chosen.what == "free-slots":
        return _free_slots(chosen.tag)
    if chosen.what == "start":
        server.ensure()
        return 0
    if chosen.what == "stop":
        stopped = server.stop()
        print(f"Stopped the server at {stopped.api_url}." if stopped else "No local server was running.")
        return 0
    if server.given_url():
        server.ensure()
        return 0
    record, state = server.status()
    words = {
        "running": "running at {0.api_url} (pid {0.pid}); web UI at {0.ui_url}",
        "not answering": "started (pid {0.pid}) but not answering at {0.api_url}; see {1}",
        "stale": "not running (the server of pid {0.pid} ended without `workbook server stop`)",
        "stopped": "not running; start it with `workbook server start`",
    }
    print("Local Prefect server:", words[state].format(record, server.log_file()))
    return 0 if state == "running" else 1


def _free_slots(tag: str) -> int:
    if not server.given_url() and server.status()[1] != "running":
        return _refused("The local server is not running: its limits, and the slots taken on them, ended with it.")
    server.ensure()
    from workbook.limits import NoSuchLimit, free_slots

    try:
        taken = free_slots(tag)
    except NoSuchLimit as error:
        return _refused(error)
    print(f"Freed {taken} slot{'' if taken == 1 else 's'} of the limit on {tag!r}.")
    return 0


def _doctor(chosen: argparse.Namespace) -> int:
    from workbook import doctor

    return doctor.print_report(doctor.checkup())


def _race(chosen: argparse.Namespace) -> int:
    from flows.publishing import data
    from flows.warehouse import WarehouseError
    from workbook import outputs, scoreboard
    from workbook.race import RaceError, check, race

    try:
        numbers = check(chosen.queries, chosen.limit, chosen.seconds)
        figure = outputs.prepare(chosen.figure or data() / "race.png", "--figure", (".png", ".svg"))
        records = outputs.prepare(chosen.json, "--json") if chosen.json else None
        ran = race(*numbers, pool=chosen.pool, show=scoreboard.for_terminal(chosen.pool))
    except (RaceError, WarehouseError) as error:
        return _refused(error)
    ran.picture.save(figure)
    scoreboard.print_report(ran, figure)
    if records:
        records.write_text(ran.to_json())
        print(f"Records: {outputs.shown(records)}")
    for error in ran.errors:
        print(f"Error: {error}", file=sys.stderr)
    return 1 if ran.errors else 0


def _timeline(chosen: argparse.Namespace) -> int:
    from flows.publishing import data
    from workbook import outputs

    if chosen.limit is not None and not (chosen.limit.isdecimal() and int(chosen.limit) > 0):
        return _refused(f"--limit must be a whole number, 1 or more, and {chosen.limit!r} is not: try --limit 3.")
    if not server.given_url() and server.status()[1] != "running":
        return _refused(
            "No Prefect server is named, and the workbook's own is not running: it forgets its runs when it stops, so "
            "run the flow again, or set PREFECT_API_URL to the server that has the run."
        )
    server.ensure()
    from workbook import observe_run, report

    limit = None if chosen.limit is None else int(chosen.limit)
    seen = observe_run(chosen.flow_run_id)
    default = data() / f"timeline-{str(seen.flow_run_id)[:8]}.png"
    figure = outputs.prepare(chosen.figure or default, "--figure", (".png", ".svg"))
    records = outputs.prepare(chosen.json, "--json") if chosen.json else None
    try:
        timeline = report.judged(seen, chosen.tag)
    except report.NoSuchTag as error:
        return _refused(error)
    report.print_report(seen, timeline, limit, figure)
    if records:
        records.write_text(report.to_json(seen, timeline, limit))
        print(f"Records: {outputs.shown(records)}")
    return 0


def _list(chosen: argparse.Namespace) -> int:
    from rich.console import Console

    from workbook import gradebook

    gradebook.show_list(Console())
    return 0


def _grade(chosen: argparse.Namespace) -> int:
    from rich.console import Console

    from workbook import answers, outputs
    from workbook.grader import Grader

    wanted = {kind: getattr(chosen, kind) for kind in ("json", "junit", "csv")}
    files = {kind: outputs.prepare(file, f"--{kind}") for kind, file in wanted.items() if file}
    folder = Path(chosen.folder) if chosen.folder else None
    with Grader() as grader:
        try:
            found = answers.collect(folder)
            if chosen.watch or any("NotImplementedError" not in answer.text for answer in found.values()):
                grader.start()  # it gets ready while this process loads what is below
            from workbook import gradebook
            from workbook.exercises import UnknownExercise
        except answers.AnswersError as error:
            return _refused(error)
        try:
            return 0 if gradebook.grade(chosen.ids, Console(), grader, folder, files, chosen.watch) else 1
        except (UnknownExercise, answers.AnswersError) as error:
            return _refused(error)


def _hint(chosen: argparse.Namespace) -> int:
    from workbook.exercises import UnknownExercise
    from workbook.grading import hint

    try:
        hint(chosen.id, int(chosen.level) if chosen.level.isdecimal() else 0)
    except (UnknownExercise, ValueError) as error:
        return _refused(error)
    return 0


def _reset(chosen: argparse.Namespace) -> int:
    from workbook import answers
    from workbook.exercises import UnknownExercise, find

    try:
        kept = answers.reset(find(chosen.id).id)
    except (UnknownExercise, answers.AnswersError) as error:
        return _refused(error)
    print(f"Exercise {chosen.id} is as it was at the beginning. What you had written is in {kept}.")
    return 0


def _refused(error: Exception | str) -> int:
    print(f"Error: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
