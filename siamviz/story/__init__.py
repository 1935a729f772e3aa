"""Stories: findings as slides, to present in a notebook, send as one file, or print."""

from siamviz.story.slides import Slide
from siamviz.story.story import Story

__all__ = ["Slide", "Story"]
