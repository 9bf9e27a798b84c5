"""Bar charts as SVG: the shapes of one figure over time, in a grid of its own that the page scales.

This module knows no colour and no text: the templates and the style sheet do.
"""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 720, 120
"""Of the grid. The page stretches it, so a stroke in it would have no even width."""
_GAP = 0.2
"""The share of a bar's place that stays free."""
_LEAST_HEIGHT = 2
"""Of a bar that is not 0, so that one message beside thousands can be seen."""


class Bar(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    label: str
    number: int


class BarChart(NamedTuple):
    name: str
    """The figure, in one word: the key of its text."""
    bars: Sequence[Bar]
    top: int
    """The number at the upper edge of the grid."""


def bar_chart(name: str, labels: Sequence[str], numbers: Sequence[int]) -> BarChart:
    """Return the chart of numbers; each has the label of its period."""
    top = _round_above(max(numbers, default=0))
    place = WIDTH / max(1, len(numbers))
    bars = []
    for position, (label, number) in enumerate(zip(labels, numbers, strict=True)):
        height = max(_LEAST_HEIGHT, HEIGHT * number / top) if number else 0
        x = place * (position + _GAP / 2)
        bars.append(
            Bar(round(x, 2), round(HEIGHT - height, 2), round(place * (1 - _GAP), 2), round(height, 2), label, number)
        )
    return BarChart(name, bars, top)


def _round_above(number: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50, … that is not below the number."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if factor * step >= number:
                return factor * step
        step *= 10
