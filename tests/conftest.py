"""Settings that all tests share."""

from __future__ import annotations

import hypothesis

# Times vary with the machine's load; a slow example is no failure.
hypothesis.settings.register_profile("siamviz", deadline=None)
hypothesis.settings.load_profile("siamviz")
