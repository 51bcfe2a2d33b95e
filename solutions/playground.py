# %% [markdown]
# # Playground
#
# Choose a pattern and move the sliders. The outlines show the ideal schedule: what would happen if starting a task took
# no time. **Run it** runs the pattern on Prefect for real and draws the run over the outlines.

# %%
from workbook import playground, server

server.ensure()

# %%
playground()

# %% [markdown]
# The box next to the controls shows the flow that runs, in plain Prefect. For the limit on a tag, the playground
# creates the limit before the run and removes it afterwards.
#
# **Things to try**
#
# 1. A limit of 3 on a tag, first with 2 seconds for each query, then with 0.1. When do the gaps between bars matter?
# 2. Batches of 3 with uneven durations, then the thread pool with the same durations. Where do slots stay empty?
# 3. All at once with 20 queries. How far apart are the starts of the first and the last bar?
# 4. One after another against all at once, with uneven durations. Which query decides how long the second run takes?
#
# More about the patterns: [02 · Parallel](02_parallel.ipynb), [03 · Server-side limits](03_server_side_limits.ipynb),
# [04 · Batches](04_batches.ipynb), and the [cheat sheet](../docs/cheat_sheet.md).
