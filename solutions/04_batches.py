# %% [markdown]
# # 04 · Batches
#
# A batch is a limit that you hold yourself, with a moment between two of them that is yours. After this lesson you use
# that moment for a checkpoint, and you know what the barrier costs when queries are uneven.
#
# **25 minutes** · two exercises · you need lesson 03.

# %%
from workbook import check, hint, observe, progress_report, server

server.ensure()

# %% tags=["setup"]
import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


def save(file, answers):
    beside = file.with_suffix(".new")
    beside.write_text(json.dumps(answers))
    beside.replace(file)


# %% [markdown]
# ## Three, then three, then three
#
# `batched_flow` submits three, collects three, and goes on. All queries take equally long here. What will the picture
# be, and how does it differ from that of a limit of three?

# %%
from flows import patterns

prediction = (None, None)  # seconds, at most at once
even = observe(patterns.batched_flow, range(9), 0.4, batch_size=3)
even.plot(prediction=prediction)

# %% tags=["nbval-check-output"]
print(len(even.result), "results · never more than a batch at once:", even.timeline.peak <= 3)

# %% [markdown]
# Hardly a bar is pale: nothing was submitted before it could run. The server had nothing to decide, and no other flow
# knows of these batches either.
#
# ## The moment in between
#
# Between two batches nothing runs. That is the place to say how far you are, to save what you have, or to stop.


# %%
@flow
def with_progress(indexes, size):
    done = []
    for first in range(0, len(indexes), size):
        futures = [query.submit(index, None) for index in indexes[first : first + size]]
        done += [future.result() for future in futures]
        print(f"{len(done)} of {len(indexes)}")
    return done


# %% tags=["nbval-check-output"]
steady = observe(with_progress, range(7), 3)

# %% [markdown]
# ## The barrier's price
#
# Real queries are uneven. Two short ones wait for a long one, and the next three wait for all. I run the same uneven
# queries in batches, and with three workers that take the next as soon as they are free. Which will idle, and when?

# %%
from flows import pitfalls
from workbook.plots import comparison

prediction = (None, None)  # seconds: batches, workers

batches, workers = (
    observe(run) for run in (pitfalls.idle_batches_wrong, pitfalls.idle_batches_right)
)
comparison({"batches": batches.timeline, "workers": workers.timeline})

# %%
from workbook.diagnosis import explain

print(explain(batches.timeline))

# %% tags=["nbval-check-output"]
print("the same answers:", batches.result == workers.result)

# %% [markdown]
# <details><summary>Which queries would make the barrier cost nothing?</summary>
#
# Those that all take equally long, as in the first figure. The price is what the slots idle while the slowest of a
# batch still runs; sort by expected length, and batches become more even.
# </details>
#
# <details><summary>When are batches right all the same?</summary>
#
# When the moment in between is worth it: a checkpoint, a progress report, a decision to stop; or when the other side
# wants its work in portions.
# </details>
#
# ## A checkpoint
#
# A file that says what is done, written between two batches. `save`, at the top, writes it beside the old one first and
# then moves it into its place: a crash while writing leaves the old one whole.


# %%
@flow
def with_checkpoint(indexes, size, file):
    done = []
    for first in range(0, len(indexes), size):
        futures = [query.submit(index, None) for index in indexes[first : first + size]]
        done += [future.result() for future in futures]
        save(file, done)
    return done


# %% [markdown]
# There are twenty queries, and 99 is none of them. It stands in the third batch of three. How does the flow end, and
# how many answers are in the file afterwards?

# %%
import tempfile

prediction = (None, None)  # the state's name, answers in the file
file = Path(tempfile.mkdtemp(prefix="lesson-04-", dir=server.home())) / "checkpoint.json"
crashed = observe(with_checkpoint, [0, 1, 2, 3, 4, 5, 6, 99, 8], 3, file)
crashed.plot()

# %% tags=["nbval-check-output"]
print(
    crashed.state.name, "·", len(json.loads(file.read_text())), "of 9 answers are in the checkpoint"
)

# %% [markdown]
# <details><summary>Two queries of the third batch went well. Where are their answers?</summary>
#
# Lost with the run: the file is written when a batch is complete. Smaller batches lose less and idle more.
# </details>

# %% [markdown]
# ### Exercise 4.1 · Batches, and a short one at the end
#
# Write `in_batches(indexes, seconds, size)`: batches of `size` task runs, the last may be shorter; a batch begins when
# the one before has ended. All rows in the order of `indexes`.


# %% tags=["exercise-4.1"]
@flow
def in_batches(indexes, seconds, size):
    # >>> your code
    rows = []
    for first in range(0, len(indexes), size):
        futures = [query.submit(index, seconds) for index in indexes[first : first + size]]
        rows += [future.result() for future in futures]
    return rows
    # <<< your code


# %%
check("4.1", in_batches)

# %%
# hint("4.1", 1)

# %%
# hint("4.1", 2)

# %%
# hint("4.1", 3)

# %% [markdown]
# ### Exercise 4.2 · Resume from a checkpoint
#
# `resume(indexes, seconds, size, checkpoint)` works in batches and writes the file `checkpoint` after each. When a
# query fails, so does the flow. Run again in another process, it asks nothing that a finished batch has answered.


# %% tags=["exercise-4.2"]
@flow
def resume(indexes, seconds, size, checkpoint):
    # >>> your code
    file = Path(checkpoint)
    answers = json.loads(file.read_text()) if file.exists() else {}
    left = [index for index in indexes if str(index) not in answers]
    for first in range(0, len(left), size):
        batch = left[first : first + size]
        futures = [query.submit(index, seconds) for index in batch]
        answers |= {str(index): future.result() for index, future in zip(batch, futures)}
        save(file, answers)
    return [answers[str(index)] for index in indexes]
    # <<< your code


# %%
check("4.2", resume)

# %%
# hint("4.2", 1)

# %%
# hint("4.2", 2)

# %%
# hint("4.2", 3)

# %% [markdown]
# ## What next?

# %%
progress_report(4)

# %% [markdown]
# My solution is in [solutions/04_batches.ipynb](../solutions/04_batches.ipynb). On to
# [05 · Pitfalls](05_pitfalls.ipynb): everything that goes wrong at night.
