"""A comparison as one HTML file: verdict, tables, pictures, and where all of it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from ..evaluation import METRICS, Comparison
from . import catalogue, figures, index, network, resilience, story
from .columns import plus_minus
from .items import item_tables
from .provenance import certificate, yaml_of
from .table import columns
from .templating import environment
from .words import conventions, descriptions, digits, gap_sentence, half, in_business, labels, settings, verdict
from .world import meaning, world


def write(
    comparison: Comparison,
    path: str | Path,
    *,
    command: str | None = None,
    notes: Sequence[str] = (),
    indexed: bool = False,
) -> None:
    """Write the report of a comparison into an HTML file that needs no other one.

    Args:
        comparison: what `compare` returned.
        path: of the file; missing folders are made.
        command: the command line that makes it again.
        notes: what a reader should know, such as gaps in a history.
        indexed: whether to list it in an `index.html` beside it.

    Raises:
        OSError: if the file cannot be written; then there is no half of it either.
    """
    index.publish(page(comparison, certificate(comparison, command, notes)), Path(path), indexed)


def page(comparison: Comparison, birth: dict[str, Any]) -> str:
    """Return the report as HTML, given its birth certificate."""
    scenario = comparison.scenario
    return (
        environment()
        .get_template("report.html.jinja")
        .render(
            scenario=scenario,
            verdict=verdict(comparison),
            business=in_business(comparison),
            settings=settings(comparison),
            conventions=conventions(comparison),
            gap_sentence=gap_sentence(comparison),
            notes=[*comparison.notes, *birth["notes"]],
            items=[table for table in item_tables(comparison) if len(table.items) > 1],
            rows=_rows(comparison),
            columns=columns(comparison),
            labels=labels(comparison),
            overview=[figures.costs(comparison), figures.service(comparison)],
            resilience=_resilience(comparison),
            story=story.caption(comparison),
            stories=list(story.pictures(comparison)),
            world=_tables(comparison),
            **network.of_page(scenario),
            metrics=_metrics(comparison),
            birth=birth,
            resolved=yaml_of(scenario),
        )
    )


def _resilience(comparison: Comparison) -> dict[str, Any] | None:
    """Return what disruptions did to each policy, in figures and as a picture; None where none began."""
    measured, names = comparison.resilience, labels(comparison)
    if measured is None:
        return None
    picture = resilience.curve(names, measured, "Service through time")
    return {"told": resilience.figures(measured), "names": names, "picture": picture}


def _rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the policies, each with its place among the cells of a column, and what it does in a line."""
    return [
        {
            "place": place,
            "name": name,
            "parameters": description,
            "best": result is comparison.best,
            "does": catalogue.explained(result.player),
        }
        for place, (result, name, description) in enumerate(
            zip(comparison.results, labels(comparison), descriptions(comparison), strict=True)
        )
    ]


def _metrics(comparison: Comparison) -> list[dict[str, Any]]:
    """Return each figure, what it means, and each policy's mean and half interval; without those that are all 0."""
    rows = []
    for metric in (each for each in METRICS if each.name in comparison.results[0].figures):
        estimates = [result.estimate(metric.name) for result in comparison.results]
        if any(isfinite(each.mean) and each.mean != 0 for each in estimates):
            points = digits([each.mean for each in estimates], map(half, estimates))
            cells = [plus_minus(each, points) if isfinite(each.mean) else "–" for each in estimates]
            rows.append(
                {"name": metric.name.replace("_", " "), "unit": metric.unit, "meaning": metric.meaning, "cells": cells}
            )
    return rows


def _tables(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the scenario's tables: for each its title, its fields with what they mean, and its things."""
    tables = []
    for table, things in world(comparison.scenario).items():
        said = dict.fromkeys(label for thing in things for label in thing.says)
        fields = [(label, meaning(table, label)) for label in said]
        tables.append({"title": table, "fields": fields, "things": things})
    return tables
