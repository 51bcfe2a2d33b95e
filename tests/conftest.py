"""Settings of the tests that need more than a learner installs (requirements-dev.txt)."""

import hypothesis

hypothesis.settings.register_profile("side by side", deadline=None)  # how long an example takes, the others decide
hypothesis.settings.load_profile("side by side")
