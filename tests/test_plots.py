"""The figures by their structure, never by their pixels, and what stands in for them where nobody sees them."""

import dataclasses
import random
import re
import subprocess
import sys
import threading
from itertools import combinations, pairwise
from xml.etree import ElementTree

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from nbclient import NotebookClient
from rich.cells import cell_len

from workbook.figures import style, textual
from workbook.figures.comparison import comparison
from workbook.figures.gantt import picture
from workbook.figures.live import Live, live
from workbook.figures.style import Picture
from workbook.figures.textual import as_text
from workbook.timelines.timeline import Span, Surroundings, Timeline

pytestmark = pytest.mark.second


def run(count: int, slots: int, seed: int = 0, **moments: float) -> Timeline:
    """Tasks of uneven length, all created at once, as many at a time as there are slots."""
    draw, free, spans = random.Random(seed), [100.0] * slots, []
    for index in range(count):
        start = free.pop(free.index(min(free)))
        free.append(start + draw.uniform(0.2, 1.2))
        spans.append(Span(f"query-{index}", index, 100.0, start, free[-1], task="query", id=str(index)))
    return Timeline(tuple(spans), **moments)


def changed(timeline: Timeline, changes: dict[int, dict], **moments: float) -> Timeline:
    spans = (dataclasses.replace(span, **changes.get(place, {})) for place, span in enumerate(timeline))
    return dataclasses.replace(timeline, spans=tuple(spans), **moments)


def parts(drawn: Picture, name: str) -> list:
    return [artist for axes in drawn.figure.axes for artist in axes.get_children() if artist.get_gid() == name]


def boxes(drawn: Picture, name: str) -> int:
    return sum(len(collection.get_paths()) for collection in parts(drawn, name))


def words(drawn: Picture) -> list:
    """Every text that the figure shows, laid out for 60 % of its size."""
    drawn.figure.set_dpi(style.DPI * 0.6)
    FigureCanvasAgg(drawn.figure).draw()
    shown = [drawn.figure._suptitle]
    for axes in drawn.figure.axes:
        for axis, ends in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            ticks = [tick for tick in axis.get_major_ticks() if min(ends) <= tick.get_loc() <= max(ends)]
            shown += [axis.label, *(tick.label1 for tick in ticks)]
        shown += [*axes.texts, *(axes.get_legend().get_texts() if axes.get_legend() else [])]
    return [text for text in shown if text.get_text() and text.get_visible()]


SIZES = {"three": run(3, 2), "twenty": run(20, 3), "two hundred": run(200, 10), "two thousand": run(2000, 50)}


# ----------------------------------------
# One run


@pytest.mark.parametrize("timeline", SIZES.values(), ids=SIZES)
def test_every_span_is_drawn_in_order_of_start_and_every_wait_before_its_bar(timeline):
    drawn = picture(timeline)
    bars = [path.get_extents() for path in parts(drawn, "runs")[0].get_paths()]
    assert [(b.x0, b.x1) for b in bars] == [pytest.approx((s.start - 100, s.end - 100)) for s in timeline]
    assert all(above.y0 < below.y0 for above, below in pairwise(bars))
    assert drawn.figure.axes[0].yaxis_inverted()
    assert boxes(drawn, "waits") == sum(wait > 0 for wait in timeline.waits) > 0


@pytest.mark.parametrize("timeline", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("prediction", [None, (2.0, 4)], ids=["plain", "predicted"])
def test_text_is_inside_the_figure_and_does_not_overlap_at_60_percent(timeline, prediction):
    assert_readable(picture(timeline, 3, prediction=prediction))


@pytest.mark.parametrize("title", [None, "A long title of many words, " * 6], ids=["default", "long"])
def test_text_is_readable_with_many_long_names_and_all_that_a_legend_can_hold(title):
    task = "a_long_name_of_a_task"
    odd = {i: {"task": f"{task}_{i % 9}", "name": f"{task}_{i % 9}-{i:03x}"} for i in range(30)}
    odd[3]["state"], odd[29]["end"] = "FAILED", None
    drawn = picture(changed(run(30, 3), odd), 3, title, prediction=(0.1, 3))
    assert_readable(drawn)
    assert drawn.figure.axes[0].get_position().width > 0.6


def assert_readable(drawn: Picture) -> None:
    texts = words(drawn)
    assert min(text.get_fontsize() for text in texts) >= 11
    extents = [(text.get_text(), text.get_window_extent()) for text in texts]
    for text, box in extents:
        assert box.min.min() >= 0 and (box.max <= drawn.figure.bbox.max).all(), f"{text} is cut"
    for (text, one), (other, two) in combinations(extents, 2):
        overlap = min(one.x1, two.x1) - max(one.x0, two.x0), min(one.y1, two.y1) - max(one.y0, two.y0)
        assert min(overlap) <= 1, f"{text} and {other} overlap"


@pytest.mark.parametrize("timeline", SIZES.values(), ids=SIZES)
def test_images_are_of_bounded_size_and_the_same_every_time(timeline):
    drawn = picture(timeline, 3)
    assert drawn.figure.get_size_inches()[0] == 10 and 4 < drawn.figure.get_size_inches()[1] < 8.5
    assert drawn.png().startswith(b"\x89PNG") and drawn.png() == picture(timeline, 3).png()
    svg = drawn.svg()
    assert svg == picture(timeline, 3).svg()
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img" and [child.tag.rpartition("}")[2] for child in root][:2] == ["title", "desc"]
    assert root[1].text == drawn.alt


def test_title_alt_and_text_have_the_measured_numbers():
    timeline = run(20, 3)
    drawn = picture(timeline, 3)
    took, ideal = f"{timeline.makespan:.1f} s", f"{timeline.ideal(3):.1f} s"
    assert drawn.title == f"20 task runs, at most 3 at once: {took}; ideal {ideal}"
    assert drawn.figure.get_suptitle().replace("\N{NO-BREAK SPACE}", " ") == drawn.title
    for text in (drawn.alt, drawn.text.splitlines()[0], str(drawn)):
        assert "20 task runs, at most 3 at once" in text and took in text and ideal in text
    assert "ideal" not in picture(timeline).title
    assert "over the limit of 2" in picture(timeline, 2).title
    assert picture(timeline, title="Mine").title == "Mine"
    with pytest.raises(ValueError, match="limit"):
        picture(timeline, 0)


def test_limit_and_prediction_are_lines_with_their_names():
    drawn = picture(run(20, 3), 3, prediction=(4.0, 5))
    assert [line.get_ydata()[0] for line in parts(drawn, "limit")] == [3]
    assert [line.get_ydata()[0] for line in parts(drawn, "predicted peak")] == [5]
    assert [line.get_xdata()[0] for line in parts(drawn, "predicted end")] == [4.0, 4.0]
    assert {"limit 3", "you predicted 4.0 s", "you predicted 5"} <= {text.get_text() for text in words(drawn)}
    assert "Predicted: 4.0 s, at most 5 at once." in drawn.alt
    plain = picture(run(20, 3), prediction=(None, None))
    assert not any(parts(plain, name) for name in ("limit", "predicted peak", "predicted end"))


def test_a_prediction_far_off_does_not_squeeze_the_run():
    drawn = picture(run(3, 3), 3, prediction=(900.0, 500))
    assert drawn.figure.axes[0].get_xlim()[1] < 2 and drawn.figure.axes[1].get_ylim()[1] < 5
    assert {"you predicted 900 s →", "you predicted 500 ↑"} <= {text.get_text() for text in words(drawn)}


def test_failed_running_and_waiting_differ_in_more_than_colour():
    going = {4: {"state": "FAILED"}, 18: {"end": None, "state": "RUNNING"}, 19: {"start": None, "end": None}}
    timeline = changed(run(20, 3), going, until=108.0)
    drawn = picture(timeline, 3)
    failed = parts(drawn, "failed")[0]
    assert len(failed.get_paths()) == 1 and failed.get_hatch()
    assert boxes(drawn, "runs") == 18 and boxes(drawn, "waits") == 17
    axes = drawn.figure.axes[0]
    assert {line.get_marker(): len(line.get_xdata()) for line in axes.get_lines()} == {"x": 1, ">": 1}
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["waits to start", "failed", "still running"]
    assert drawn.title.startswith("So far 18 of 20 task runs ended, at most 3 at once, 1 failed")
    assert "Failed: query-4." in drawn.alt


def test_cancelled_and_retried_task_runs_and_called_flow_runs_differ_in_more_than_colour():
    first = run(3, 3).spans[0]
    retried = dataclasses.replace(first, id="r", end=102.0, tries=3, delays=((100.5, 101.5), (101.8, 101.8)))
    cancelled = dataclasses.replace(first, id="c", index=1, end=101.0, state="CRASHED")
    called = Span("quick-owl", 0, 99.9, 99.95, 101.0, task="child", id="f")
    broken = dataclasses.replace(called, id="g", state="FAILED")
    drawn = picture(Timeline((retried, cancelled), around=Surroundings(children=(called, broken))))
    kinds = {"runs": 1, "failed": 2, "delays": 2, "cut off": 1, "flows": 1, "failed flows": 1, "cut off flows": 0}
    assert {kind: boxes(drawn, kind) for kind in kinds} == kinds
    legend = [text.get_text() for text in drawn.figure.axes[0].get_legend().get_texts()]
    assert legend == ["a flow run", "waits to start", "waits to be tried again", "failed", "crashed or cancelled"]
    assert "1 crashed or cancelled" in drawn.title and "Crashed or cancelled: query-0." in drawn.alt
    assert "child: quick-owl" in {text.get_text() for text in words(drawn)}
    assert all(mark in drawn.text for mark in ("░ crashed or cancelled", "┄ waits to be tried again", "▒ a flow run"))
    assert_readable(drawn)


def test_queries_are_drawn_inside_of_their_task_runs_where_they_are_known():
    drawn = picture(changed(run(3, 3), {1: {"queries": ((100.0, 100.3), (100.4, 100.5))}}))
    assert boxes(drawn, "queries") == 2 and boxes(drawn, "runs") == 3
    assert [text.get_text() for text in drawn.figure.axes[0].get_legend().get_texts()] == ["a query"]
    assert "in a bar is a query" in drawn.alt and "is a query" not in picture(run(3, 3)).alt


def test_cached_task_runs_are_marked_and_deployed_flow_runs_named_with_their_work_pool():
    cached = dataclasses.replace(run(3, 3).spans[0], state_name="Cached", name="query-c")
    deployed = Span("quick-owl", 0, 99.9, 99.95, 101.0, task="night", id="f", deployment="prod", work_pool="pool/high")
    drawn = picture(Timeline((cached, *run(3, 3).spans[1:]), around=Surroundings(children=(deployed,))))
    axes = drawn.figure.axes[0]
    assert {line.get_marker(): len(line.get_xdata()) for line in axes.get_lines()}["D"] == 1
    assert "cached" in {text.get_text() for text in axes.get_legend().get_texts()}
    assert "1 cached" in drawn.title and "Cached: query-c." in drawn.alt and "○ cached" in drawn.text
    assert "night/prod: quick-owl" in {text.get_text() for text in words(drawn)}
    assert "1 flow run of the deployment 'night/prod' in the work pool 'pool/high'." in drawn.alt
    assert_readable(drawn)


def test_task_runs_of_two_flow_runs_are_coloured_by_flow_run_if_wanted():
    ours = changed(run(4, 2), {i: {"flow": "ab"[i % 2]} for i in range(4)}, around=Surroundings(flows={"a": "owl"}))
    drawn = picture(ours, colour="flow")
    assert {"owl", "unnamed flow run"} <= {text.get_text() for text in drawn.figure.axes[0].get_legend().get_texts()}
    assert len({tuple(colour) for colour in parts(drawn, "runs")[0].get_facecolor()}) == 2


def test_bars_and_prediction_count_from_the_first_start_and_so_does_the_title():
    timeline = changed(run(6, 3), {}, begin=98.0)
    drawn = picture(timeline, prediction=(1.5, None))
    ends = [path.vertices[:, 0].max() for path in parts(drawn, "runs")[0].get_paths()]
    assert max(ends) == pytest.approx(timeline.makespan)
    assert [line.get_xdata()[0] for line in parts(drawn, "predicted end")] == [1.5, 1.5]


def test_few_tasks_have_a_colour_each_and_the_rest_share_grey():
    assert picture(run(3, 3)).figure.axes[0].get_legend() is None
    drawn = picture(changed(run(20, 3), {i: {"task": f"task {i % 9}"} for i in range(20)}))
    faces = {tuple(colour[:3]) for colour in parts(drawn, "runs")[0].get_facecolor()}
    assert faces == {to_rgb(colour) for colour in (*style.TASK_COLOURS, style.OTHER)}
    assert "3 other tasks" in {text.get_text() for text in drawn.figure.axes[0].get_legend().get_texts()}


def luminance(colour: str) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_are_told_apart_without_hue():
    assert contrast(style.INK, "white") > 12 and contrast(style.PREDICTED, "white") > 4.5  # WCAG: text
    assert contrast(style.TASK_COLOURS[0], "white") > 3 and contrast(style.FAILURE, "white") > 3  # WCAG: graphics
    assert contrast(style.TASK_COLOURS[0], style.WAIT) > 2.5 and 1.5 < contrast(style.WAIT, "white") < 2.5
    assert contrast(*style.TASK_COLOURS[:2]) > 2 and contrast(style.INK, style.FAILURE) > 3  # the hatch
    assert all(contrast(style.INK, colour) > 2 for colour in style.TASK_COLOURS[:-1])  # the outline


# ----------------------------------------
# Several runs


def test_comparison_is_over_one_axis_with_a_lane_for_each_that_ran_at_once():
    runs = {"one at a time": run(20, 1), "limit 3": run(20, 3), "all at once": run(20, 20), "nothing": Timeline()}
    drawn = comparison(runs, {"limit 3": 3})
    panels = drawn.figure.axes
    assert [len(parts.get_paths()) for parts in parts(drawn, "runs")] == [20, 20, 20, 0]
    for axes, timeline in zip(panels, runs.values(), strict=True):
        bars = next(child for child in axes.get_children() if child.get_gid() == "runs")
        assert len({path.get_extents().y0 for path in bars.get_paths()}) == timeline.peak
    assert len({axes.get_xlim() for axes in panels}) == 1
    thick = [axes.bbox.height / abs(axes.get_ylim()[1] - axes.get_ylim()[0]) for axes in panels]
    assert max(thick) / min(thick) < 1.1
    for text in (drawn.title, drawn.alt):
        assert f"one at a time in {runs['one at a time'].makespan:.1f} s" in text
    assert "limit 3: 20 task runs, at most 3 at once" in drawn.text and "nothing: No task ran" in drawn.text
    assert_readable(drawn)
    assert comparison({"a": run(4, 1), "b": run(4, 2)}).title.startswith("The same 4 task runs: a in ")


def test_comparison_says_what_it_cannot_compare():
    with pytest.raises(ValueError, match="nothing to compare"):
        comparison({})
    with pytest.raises(ValueError, match="no run of that name"):
        comparison({"a": run(2, 1)}, {"b": 3})


# ----------------------------------------
# Files, notebooks, text


def test_a_picture_is_saved_by_its_suffix(tmp_path):
    drawn = picture(run(3, 3))
    assert drawn.save(tmp_path / "a.PNG").read_bytes() == drawn.png()
    assert drawn.save(str(tmp_path / "a.svg")).read_text(encoding="utf-8") == drawn.svg()
    with pytest.raises(ValueError, match=re.escape("A picture is saved as .png or .svg, and 'a.pdf' is neither.")):
        drawn.save(tmp_path / "a.pdf")


def test_a_notebook_gets_an_image_with_alt_text_and_the_words():
    odd = changed(run(3, 3), {1: {"name": '<b>"$x$&', "state": "FAILED"}})
    shown = picture(odd)._repr_mimebundle_()
    assert shown["text/plain"] == as_text(odd) and set(shown) == {"text/html", "text/plain"}
    style_of_dark_pages, _, image = shown["text/html"].partition("</style>")
    assert "jp-theme-light='false'" in style_of_dark_pages
    figure = ElementTree.fromstring(image.replace('"></figure>', '"/></figure>'))
    assert figure.tag == "figure" and figure[0].get("alt") == picture(odd).alt and '<b>"$x$&' in picture(odd).alt
    assert "<b>" not in shown["text/html"]


def test_text_draws_a_row_for_each_task_run_and_sums_up_many():
    rows = as_text(run(20, 3), 3).splitlines()
    bars = [row.partition("│")[2] for row in rows if row.startswith("query-")]
    assert len(bars) == 20 and all("█" in bar and bar.rstrip().endswith(" s") for bar in bars)
    assert bars[0].startswith("█") and bars[10].startswith("·")
    assert sum(row.strip().startswith(("3 │", "2 │", "1 │")) for row in rows) == 3
    many = as_text(SIZES["two hundred"], 10)
    assert len(many.splitlines()) < 16 and "query: 200 task runs" in many and "10 │" in many
    with pytest.raises(ValueError, match="20 columns"):
        as_text(run(3, 3), width=10)


widths = st.integers(20, 120)
moments = st.floats(-1e3, 2e9, allow_nan=False)


@st.composite
def spans(draw) -> Span:
    start = draw(st.none() | moments)
    end = None if start is None else draw(st.none() | st.floats(0, 1e4).map(lambda took: start + took))
    state = draw(st.sampled_from(["COMPLETED", "FAILED", "RUNNING"]))
    name = st.text(st.characters(exclude_categories=()), max_size=40)
    return Span(draw(name), draw(st.integers(0, 9)), draw(moments), start, end, state, task=draw(name))


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.lists(spans(), max_size=40), st.none() | moments, st.none() | moments, st.integers(1, 50), widths)
@pytest.mark.filterwarnings("ignore:Glyph")  # the font does not have every letter of the world
def test_any_timeline_can_be_drawn_and_said(some, begin, until, limit, width):
    timeline = Timeline(tuple(some), begin=begin, until=until)
    assert picture(timeline, limit, prediction=(float(limit), limit))._repr_mimebundle_()
    assert comparison({"a": timeline, "一" * 30: timeline}).svg()
    names = {"a": timeline, "一" * 50: timeline}
    for text, columns in ((as_text(timeline, limit, width), width), (textual.compare_as_text(names, {}), 80)):
        assert all(cell_len(line) <= columns for line in text.splitlines())
        text.encode()


# ----------------------------------------
# Beside others


def test_pyplot_is_left_alone():
    program = (
        "import sys; from workbook.plots import picture, live; from workbook.timelines.timeline import Timeline;"
        "picture(Timeline()).png(); picture(Timeline()).svg(); live()(Timeline());"
        "assert not {'matplotlib.pyplot', 'IPython', 'prefect'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


class Screen:
    """A notebook's display with a clock that moves on only by news and by drawing."""

    def __init__(self, drawing: float) -> None:
        self.now, self.drawing, self.frames = 0.0, drawing, []

    def display(self, drawn: Picture, display_id: bool) -> "Screen":
        assert display_id and not self.frames
        self.update(drawn)
        return self

    def update(self, drawn: Picture) -> None:
        self.frames.append((self.now, drawn.title))
        self.now += self.drawing


@pytest.mark.parametrize(("drawing", "most"), [(0.01, 20), (0.5, 4)], ids=["quick", "slow"])
def test_live_draws_few_frames_and_always_the_last(drawing, most):
    screen = Screen(drawing)
    show = Live(3, display=screen.display, clock=lambda: screen.now)
    whole = run(6, 3)
    while screen.now < 10:
        show(changed(whole, {5: {"end": None}}, until=110.0))
        screen.now += 0.05
    assert most / 2 <= len(screen.frames) <= most
    show.finish(whole)
    assert screen.frames[-1][1].startswith("6 task runs") and len(screen.frames) <= most + 1
    assert len(screen.frames) * drawing <= 0.2 * screen.now + 2 * drawing


def test_live_leaves_out_a_frame_while_another_thread_draws():
    show = Live(display=lambda *_, **__: threading.Thread(target=show, args=(Timeline(),)).start())
    show(Timeline())
    assert live().display is None  # no notebook here


@pytest.mark.second
def test_live_updates_its_own_cell_from_a_thread_in_a_real_kernel():
    source = """
import threading
from workbook.plots import live
from workbook.timelines.timeline import Span, Surroundings, Timeline
def grown(n):
    return Timeline([Span(f"q-{i}", i, 0.0, i / 2, i / 2 + 1) for i in range(n)])
def watch():
    for n in range(1, 30):
        show(grown(n))
        now[0] += 1 / 16
    show.finish(grown(30))
now = [0.0]
show = live(limit=2)
show.clock = lambda: now[0]
thread = threading.Thread(target=watch)
thread.start()
thread.join()
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    seen = []

    class Client(NotebookClient):
        def process_message(self, msg, cell, cell_index):
            seen.append((msg["msg_type"], msg["content"].get("transient", {})))
            return super().process_message(msg, cell, cell_index)

    Client(notebook, timeout=60, kernel_name="python3").execute()
    shown = notebook.cells[0].outputs
    assert [output.output_type for output in shown] == ["display_data"]
    assert shown[0].data["text/plain"].startswith("30 task runs, at most 2 at once")
    assert 'alt="30 task runs, at most 2 at once' in shown[0].data["text/html"]
    updates = [content for kind, content in seen if kind == "update_display_data"]
    # Two a second: shown at 0 s, drawn again at 0.5, 1 and 1.5 s, and at the end.
    assert len(updates) == 4 and all("display_id" in content for content in updates)
