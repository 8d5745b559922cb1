"""Costs as bars: before and after, as written and as run."""

from __future__ import annotations

from typing import Any

from ...algebra.derive.derivation import Derivation
from ...bound.operators.base import BoundOperator
from ...bound.reports.explain import RunExplanation
from ...engine.letters.explain import Explanation
from ...errors import OperandError
from ...expr import LinearOperator
from .style import Theme, entitle, figure

HATCHES = ("", "///", "...", "xx")
BARS = 24
TEXT = 46  # characters of a stage


def optimized(operator: LinearOperator, theme: Theme, *, cost: Any = None) -> Any:
    """The costs of an operator beside those of what ``optimize`` makes of it, per output sample."""
    after = operator.optimize(cost)
    costs = [operator.cost(), after.cost()]
    names = ("multiply-adds as run", "multiply-adds as written", "samples kept")
    rows = [[float(c.multiply_adds), float(c.naive), float(c.memory)] for c in costs]
    made = figure(7, 3.4)
    axes = made.subplots()
    _bars(axes, list(names), {"before": rows[0], "after": rows[1]}, theme)
    axes.set_xlabel("per output sample")
    if after == operator:
        entitle(made, "Nothing cheaper was found than", operator)
    else:
        entitle(made, "Before", operator)
        axes.set_title(f"After: {str(after)[: TEXT * 2]}", parse_math=False)
    return made


def lines(derivation: Derivation, theme: Theme) -> Any:
    """The multiply-adds of every line of a derivation."""
    steps = derivation.steps
    costs = [step.expression.cost() for step in steps if isinstance(step.expression, LinearOperator)]
    if len(costs) < len(steps):
        raise OperandError("the derivation is about signals; costs are of operators")
    made = figure(7.5, 1.4 + 0.5 * len(steps))
    axes = made.subplots()
    texts = [_short(f"{step.expression}" + (f"   [{step.law}]" if step.law else "")) for step in steps]
    values = {"as written": [float(c.naive) for c in costs], "as run": [float(c.multiply_adds) for c in costs]}
    _bars(axes, texts, values, theme)
    axes.set_xlabel("multiply-adds per output sample")
    entitle(made, "Cost of every line")
    return made


def stages(thing: BoundOperator | Explanation, theme: Theme) -> Any:
    """The multiply-adds of every stage of a run, as it is written and as it is planned."""
    plan = thing.explain() if isinstance(thing, BoundOperator) else thing
    rows = list(plan.stages)[:BARS]
    made = figure(7.5, 1.6 + 0.5 * max(len(rows), 1))
    axes = made.subplots()
    values = {"planned": [float(stage.multiply_adds) for stage in rows]}
    if isinstance(plan, RunExplanation):
        values = {"as written": [float(step.naive) for step in plan.steps[:BARS]], **values}
        words = f"{plan.naive:,} multiply-adds as written, {plan.multiply_adds:,} as planned"
    else:
        words = f"{plan.multiply_adds:,} multiply-adds"
    _bars(axes, [_short(stage.text) for stage in rows], values, theme)
    axes.set_xlabel("multiply-adds")
    left = len(plan.stages) - len(rows)
    entitle(made, words, None, f"(the first {len(rows)} stages; {left} more)" if left else "")
    return made


def _short(text: str) -> str:
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"


def _bars(axes: Any, names: list[str], values: dict[str, list[float]], theme: Theme) -> None:
    """Groups of horizontal bars with their values written."""
    height = 0.8 / len(values)
    for i, (label, row) in enumerate(values.items()):
        at = [k + (i + 0.5) * height - 0.4 for k in range(len(names))]
        style = {"color": (theme.colors[i], 0.65), "edgecolor": theme.ink, "hatch": HATCHES[i], "linewidth": 0.7}
        drawn = axes.barh(at, row, height * 0.92, label=label, **style)
        axes.bar_label(drawn, [f"{value:,.4g}" if value < 1e4 else f"{value:,.0f}" for value in row], padding=3)
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.invert_yaxis()
    axes.margins(x=0.16)
    axes.grid(axis="y", visible=False)
    axes.set_xlim(left=0)
    if len(values) > 1:
        axes.legend(loc="lower right")
