"""A playground: choose a pattern, a number of queries, a limit and durations; see the ideal schedule, then run it.

The flows are plain Prefect, and the page shows the code of the one that is chosen.
"""

import inspect
from collections.abc import Callable
from typing import Any

from prefect import Flow, flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.figures.live import Live
from workbook.figures.overlay import overlay
from workbook.figures.prose import Characters, Prose
from workbook.lessons.queries import ask
from workbook.prefect_server.limits import ensure_limit, remove_limit
from workbook.runs.observation import observe
from workbook.timelines import plans
from workbook.timelines.timeline import Timeline

TAG = "playground"


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def one_after_another(durations):
    rows = []
    for index, seconds in enumerate(durations):
        rows.append(query(index, seconds))
    return rows


@flow
def all_at_once(durations):
    futures = []
    for index, seconds in enumerate(durations):
        futures.append(query.submit(index, seconds))
    return [future.result() for future in futures]


@flow
def tag_limit(durations):
    # prefect gcl create tag:playground --limit 3
    limited = query.with_options(tags=["playground"])
    futures = []
    for index, seconds in enumerate(durations):
        futures.append(limited.submit(index, seconds))
    return [future.result() for future in futures]


@flow
def in_batches(durations, size):
    rows, numbers = [], range(len(durations))
    for first in range(0, len(numbers), size):
        futures = []
        for index in numbers[first : first + size]:
            futures.append(query.submit(index, durations[index]))
        rows += [future.result() for future in futures]
    return rows


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def thread_pool(durations):
    futures = []
    for index, seconds in enumerate(durations):
        futures.append(query.submit(index, seconds))
    return [future.result() for future in futures]


# Each pattern's flow, its ideal schedule, and whether the limit of the page applies to it.
PATTERNS: dict[str, tuple[Flow, Callable, bool]] = {
    "one after another": (one_after_another, plans.one_after_another, False),
    "all at once": (all_at_once, plans.all_at_once, False),
    "limit on a tag": (tag_limit, plans.limited, True),
    "thread pool": (thread_pool, plans.limited, True),
    "batches": (in_batches, plans.in_batches, True),
}


class Frame:
    """A picture in a widget that is replaced while a run goes on, as `Live` expects of a notebook's display."""

    def __init__(self, widget: Any) -> None:
        self.widget = widget

    def __call__(self, content: Any, display_id: bool = True) -> "Frame":
        self.update(content)
        return self

    def update(self, content: Any) -> None:
        self.widget.value = content._repr_mimebundle_()["text/html"]


def run(pattern: str, lengths: list[float], limit: int, live: Callable[[Timeline], None] | None = None) -> Timeline:
    """Run a pattern for real.

    Args:
        pattern: one of `PATTERNS`.
        lengths: the duration of each query in seconds; there are twenty queries at most.
        limit: how many may run at once, for the patterns that have a limit.
        live: called with the timeline while the run goes on, and at its end.

    Returns:
        How it ran.
    """
    made = PATTERNS[pattern][0]
    if made is in_batches:
        return observe(made, lengths, limit, live=live).timeline
    if made is thread_pool:
        return observe(made.with_options(task_runner=ThreadPoolTaskRunner(limit)), lengths, live=live).timeline
    if made is not tag_limit:
        return observe(made, lengths, live=live).timeline
    ensure_limit(TAG, limit)
    try:
        return observe(made, lengths, live=live).timeline
    finally:
        remove_limit(TAG)


def playground() -> Any:
    """The controls, the ideal schedule of what they say, and a button that runs it.

    Returns:
        A widget, which a notebook shows.
    """
    import ipywidgets

    label = {"style": {"description_width": "6.5em"}, "layout": {"width": "22em"}}
    pattern = ipywidgets.Dropdown(options=list(PATTERNS), value="limit on a tag", description="pattern", **label)
    count = ipywidgets.IntSlider(12, 1, 20, description="queries", **label)
    limit = ipywidgets.IntSlider(3, 1, 10, description="limit", **label)
    seconds = ipywidgets.FloatSlider(0.5, min=0.1, max=2.0, step=0.1, description="seconds", **label)
    even = ipywidgets.Dropdown(options={"all alike": True, "uneven": False}, description="durations", **label)
    button = ipywidgets.Button(description="Run it", button_style="primary", icon="play")
    said, code, figure = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
    controls = (pattern, count, limit, seconds, even)

    def planned() -> tuple[list[float], Timeline, int | None]:
        lengths = plans.durations(count.value, seconds.value, even.value)
        _, starts, has_limit = PATTERNS[pattern.value]
        return lengths, plans.plan(starts, lengths, limit.value), limit.value if has_limit else None

    def draw(_: Any = None) -> None:
        _, plan, slots = planned()
        limit.disabled = slots is None
        source = inspect.getsource(PATTERNS[pattern.value][0].fn)
        code.value = Characters(source.replace("max_workers=3", f"max_workers={limit.value}").replace(
            "--limit 3", f"--limit {limit.value}"))._repr_mimebundle_()["text/html"]  # fmt: skip
        said.value = ""
        Frame(figure).update(overlay(plan, None, slots))

    def start(_: Any) -> None:
        lengths, plan, slots = planned()
        for control in (*controls, button):
            control.disabled = True
        said.value = Prose("Running …")._repr_mimebundle_()["text/html"]
        try:
            live = Live(slots, display=Frame(figure), draw=lambda timeline: overlay(plan, timeline, slots))
            ran = run(pattern.value, lengths, limit.value, live)
            said.value = Prose(
                f"The run took {ran.makespan / plan.makespan:.2f} times the ideal schedule."
            )._repr_mimebundle_()["text/html"]
        except Exception as error:  # a widget's callback has no cell to show a traceback in
            said.value = Prose(f"The run failed: {error}")._repr_mimebundle_()["text/html"]
            raise
        finally:
            for control in (*controls, button):
                control.disabled = False
            limit.disabled = slots is None

    for control in controls:
        control.observe(draw, "value")
    button.on_click(start)
    draw()
    left = ipywidgets.VBox([*controls, button], layout={"flex": "0 0 23em"})
    code.layout = {"flex": "1 1 20em", "min_width": "0"}
    return ipywidgets.VBox([ipywidgets.HBox([left, code], layout={"flex_flow": "row wrap"}), said, figure])
