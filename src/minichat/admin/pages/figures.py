"""Figures about the use of the server, as charts and as a table."""

from collections.abc import Sequence
from typing import Any

from flask_admin import expose

from minichat.admin.addresses import changed
from minichat.admin.charts import bar_chart
from minichat.admin.language import t
from minichat.admin.page import AdministratorPage
from minichat.admin.shown import Cell, Column, Link, Table
from minichat.api.context import services
from minichat.api.times import rfc3339
from minichat.domain.model import Figure, FigureSpan, Series

_SPANS = {"1": 1, "7": 7, "30": 30}
"""Days, by the value in the address."""


class FiguresPage(AdministratorPage):
    area = "figures"
    icon = "chart"

    @expose("/")
    def index(self) -> Any:
        chosen = self.choice("days", tuple(_SPANS))
        span = services().figures.span(_SPANS[chosen])
        labels = _labels(span)
        charts = [
            {
                "chart": bar_chart(series.figure, labels, series.counts),
                "name": t(f"figures.{series.figure}"),
                "about": t(f"figures.{series.figure}_about"),
                "headline": _headline(series, span),
            }
            for series in span.series
        ]
        spans = [(Link(t(f"figures.days_{days}"), changed(days=days)), days == chosen) for days in _SPANS]
        return self.render(
            "figures.html",
            charts=charts,
            spans=spans,
            span_name=t(f"figures.days_{chosen}"),
            first=labels[0],
            last=labels[-1],
            table=_table(span, labels),
        )


def _labels(span: FigureSpan) -> Sequence[str]:
    """Return the name of each period, by UTC: `2026-11-30 13:00` or `2026-11-30`."""
    length = 16 if span.is_hourly else 10
    return [rfc3339(period)[:length].replace("T", " ") for period in span.periods]


def _headline(series: Series, span: FigureSpan) -> str:
    """Return the sum. People of several periods can't be added up, since they may be the same: return the most."""
    if series.figure is Figure.ACTIVE:
        key = "figures.most_in_hour" if span.is_hourly else "figures.most_in_day"
        return t(key, number=_grouped(max(series.counts)))
    return t("figures.total", number=_grouped(sum(series.counts)))


def _grouped(number: int) -> str:
    """Return the number with thin spaces between groups of digits, as in the tables."""
    return f"{number:,}".replace(",", "\u202f")


def _table(span: FigureSpan, labels: Sequence[str]) -> Table:
    columns = [Column(t("figures.hour" if span.is_hourly else "figures.day"))]
    columns += [Column(t(f"figures.{series.figure}"), is_number=True) for series in span.series]
    rows: list[Sequence[Cell]] = [
        (label, *(series.counts[position] for series in span.series)) for position, label in enumerate(labels)
    ]
    return Table(columns, rows[::-1], "")
