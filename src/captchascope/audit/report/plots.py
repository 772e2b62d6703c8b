"""The plots of the report, as SVG that stands within the page; extra ``report``.

None is told by colour alone: lines differ in their dashes and marks, bars have their names. The
axis of shares is the same in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from captchascope.audit.figures import Abstention, Alphabet, Confused, Knob
from captchascope.audit.judge.grading import BROKEN
from captchascope.audit.report.svg import (
    CARD,
    INK,
    LINE,
    QUIET,
    SERIES,
    TEXT,
    add_axes,
    blank_figure,
    inline_svg,
)
from captchascope.audit.report.tabular import minutes, number, percent
from captchascope.audit.results import Cost, Curve
from captchascope.evaluate import Confusion, Rate

_MARKS = ("o", "s", "^", "D")
_DASHES = ("-", (0, (5, 2)), (0, (2, 2)), (0, (6, 2, 1, 2)))
_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_ROW = 26.0  # units for a bar
_SMALL = TEXT - 1
_LONGEST = 20  # characters of a row's name in one line


def curve_plot(curve: Curve) -> str:
    """Draw solve rates over labels, logarithmic but for zero, with their intervals."""
    figure = blank_figure(300)
    axes = add_axes(figure, "y")
    points, colour = curve.points, SERIES[0]
    places, shares = [log1p(p.labels) for p in points], [p.exact for p in points]
    low, high = [p.low for p in points], [p.high for p in points]
    axes.fill_between(places, low, high, color=colour, alpha=0.16, linewidth=0)
    spread = [[p.exact - p.low for p in points], [p.high - p.exact for p in points]]
    axes.errorbar(places, shares, yerr=spread, fmt="none", ecolor=colour, capsize=3)
    _line(axes, places, shares, 0)
    axes.axhline(BROKEN, color=INK, linewidth=1, linestyle=(0, (1, 2)))
    counts = _apart([p.labels for p in points])
    axes.set_xticks([log1p(count) for count in counts], [f"{count:,}" for count in counts])
    axes.set_xlabel("labelled images that the attacker has (logarithmic)")
    right = points[-1].low > 0.12
    axes.annotate(
        "1 %: counts as broken",
        (1 if right else 0, BROKEN),
        xycoords=("axes fraction", "data"),
        xytext=(0, 4),
        textcoords="offset points",
        ha="right" if right else "left",
        color=INK,
        size=_SMALL,
    )
    _scale(axes, "y", "images read right")
    return inline_svg(figure, "curve", "Solve rate by number of labels", _said_of(curve))


def among_plot(curve: Curve, others: Sequence[Curve], number: int, title: str) -> str:
    """Draw a learning curve among others, which are faint: a small multiple on one scale."""
    figure = blank_figure(190, 300)
    axes = add_axes(figure, "y")
    for other in others:
        places = [log1p(p.labels) for p in other.points]
        axes.plot(places, [p.exact for p in other.points], color=LINE, linewidth=1.5)
    _line(axes, [log1p(p.labels) for p in curve.points], [p.exact for p in curve.points], 0)
    axes.axhline(BROKEN, color=INK, linewidth=1, linestyle=(0, (1, 2)))
    counts = sorted({p.labels for one in (curve, *others) for p in one.points})
    shown = _apart(counts, 6)
    axes.set_xticks([log1p(count) for count in shown], [f"{count:,}" for count in shown])
    axes.set_xlim(-0.2, log1p(counts[-1]) + 0.2)
    _scale(axes, "y", "", (0.0, 0.5, 1.0))
    name = f"curve-{number}"
    return inline_svg(figure, name, f"Solve rate by number of labels: {title}", _said_of(curve))


def _line(axes: Axes, x: Sequence[float], y: Sequence[float], place: int, name: str = "") -> None:
    """Draw a line in the look of its place among several."""
    axes.plot(
        x,
        y,
        color=SERIES[place],
        marker=_MARKS[place],
        linestyle=_DASHES[place],
        linewidth=2,
        markersize=6,
        markeredgecolor=CARD,
        label=name,
        clip_on=False,
        zorder=4,
    )


def _said_of(curve: Curve) -> str:
    return ", ".join(f"{percent(p.exact)} with {p.labels:,} labels" for p in curve.points)


def _apart(counts: Sequence[int], most: int = 12) -> list[int]:
    """Return those of the counts, fewest first, whose numbers do not touch on the axis."""
    shown: list[int] = []
    reach = log1p(counts[-1]) or 1.0
    for count in reversed(counts):
        if not shown or log1p(shown[-1]) - log1p(count) > reach / most:
            shown.append(count)
    return shown[::-1]


def abstention_plot(readers: Sequence[tuple[str, Sequence[Abstention]]]) -> str:
    """Draw the share right of what is answered over the share that is answered, up to four."""
    figure = blank_figure(310)
    axes = add_axes(figure)
    said = []
    for place, (title, steps) in enumerate(readers):
        steps = [step for step in steps if step.right.total]
        answered = [step.answered.value for step in steps]
        _line(axes, answered, [step.right.value for step in steps], place, title)
        ends = [steps[0], steps[-1]] if steps else []
        said += [
            f"{title}: {percent(step.right.value)} right where {percent(step.answered.value)} "
            "are answered"
            for step in ends
        ]
    _scale(axes, "y", "right, of those answered")
    _scale(axes, "x", "answered, of all images")
    axes.tick_params(axis="x", pad=9)  # apart from the other axis' 0 %
    _name_lines(figure, len(readers))
    return inline_svg(
        figure, "abstention", "Right answers when unsure ones are held back", "; ".join(said)
    )


def cost_plot(cost: Cost) -> str:
    """Draw the minutes of labelling and of training that each attack takes beforehand."""
    attacks = cost.attacks
    figure = blank_figure(90 + _height([attack.name for attack in attacks]))
    axes = add_axes(figure, "x")
    rows = range(len(attacks))
    labelling = [attack.labelling_minutes for attack in attacks]
    training = [attack.training_minutes for attack in attacks]
    axes.barh(rows, labelling, 0.55, color=SERIES[0], label="labelling")
    axes.barh(
        rows,
        training,
        0.55,
        left=labelling,
        color="none",
        edgecolor=SERIES[1],
        hatch="////",
        linewidth=1,
        label="training",
    )
    longest = max([*map(sum, zip(labelling, training, strict=True)), 1.0])
    for row, attack in enumerate(attacks):
        parts = attack.labelling_minutes, attack.training_minutes
        text = " + ".join(map(number, parts)) if any(parts) else "nothing"
        _note(axes, sum(parts) + longest / 60, row, text)
    axes.set_xlim(0, longest * 1.25)
    axes.set_xlabel("minutes before the first answer")
    _name_rows(axes, [attack.name for attack in attacks])
    _name_lines(figure, 2)
    said = "; ".join(
        f"{attack.name}: {minutes(attack.labelling_minutes)} of labelling, "
        f"{minutes(attack.training_minutes)} of training"
        for attack in attacks
    )
    return inline_svg(figure, "cost", "What an attack takes beforehand", said)


def rates_plot(name: str, title: str, rates: Sequence[tuple[str, Rate]]) -> str:
    """Draw shares as bars with their 95 % intervals, one below the other."""
    figure = blank_figure(44 + _height([name for name, _ in rates]))
    axes = add_axes(figure, "x")
    rows = range(len(rates))
    axes.barh(rows, [rate.value for _, rate in rates], 0.58, color=SERIES[0])
    for row, (_, rate) in enumerate(rates):
        _whisker(axes, rate, row)
        _note(axes, min(rate.high, 1) + 0.015, row, percent(rate.value))
    _name_rows(axes, [row for row, _ in rates])
    _scale(axes, "x", "")
    axes.set_xlim(0, 1.13)
    said = "; ".join(f"{row}: {percent(rate.value)}" for row, rate in rates)
    return inline_svg(figure, name, title, said)


def confusion_plot(confused: Sequence[Confused]) -> str:
    """Draw how often each character was read as another."""
    texts = [str(Confusion(one.label, one.read, one.times)) for one in confused]
    names = [text.rpartition(":")[0] for text in texts]
    figure = blank_figure(60 + _height(names))
    axes = add_axes(figure, "x")
    times = [one.times for one in confused]
    axes.barh(range(len(confused)), times, 0.58, color=SERIES[0])
    for row, count in enumerate(times):
        _note(axes, count + max(times) / 60, row, f"{count:,}")
    _name_rows(axes, names)
    axes.set_xlim(0, max(times) * 1.1)
    axes.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
    axes.set_xlabel("times")
    return inline_svg(
        figure, "confusions", "Characters that are taken for others", "; ".join(texts)
    )


def alphabet_plot(alphabet: Alphabet) -> str:
    """Draw the bits of a text, as drawn and at best, beside those of a PIN."""
    rows = [("evenly drawn", alphabet.bits), ("a PIN of four digits", 13.2877)]
    if alphabet.measured_bits is not None:
        rows.insert(1, ("as they are drawn", alphabet.measured_bits))
    figure = blank_figure(60 + _ROW * len(rows))
    axes = add_axes(figure, "x")
    colours = [QUIET if "PIN" in name else SERIES[0] for name, _ in rows]
    axes.barh(range(len(rows)), [bits for _, bits in rows], 0.58, color=colours)
    longest = max(bits for _, bits in rows)
    for row, (_, bits) in enumerate(rows):
        _note(axes, bits + longest / 60, row, f"{bits:.1f}")
    _name_rows(axes, [name for name, _ in rows])
    axes.set_xlim(0, longest * 1.13)
    axes.set_xlabel("bits: one more doubles the guesses")
    said = "; ".join(f"{name}: {bits:.1f} bits" for name, bits in rows)
    return inline_svg(figure, "alphabet", "How much there is to guess", said)


def knob_plot(knob: Knob, number: int) -> str:
    """Draw what is read of each setting of a knob: a small multiple, all on the same axis.

    Where nothing is labelled, it is what the reader expects, drawn hollow.
    """
    figure = blank_figure(40 + _height([one.value for one in knob.settings]), 300)
    axes = add_axes(figure, "x")
    rows = range(len(knob.settings))
    shares = [one.expected if one.exact is None else one.exact.value for one in knob.settings]
    axes.plot(shares, rows, color=SERIES[0], linewidth=1.5, zorder=2)
    for row, (one, share) in enumerate(zip(knob.settings, shares, strict=True)):
        if one.exact is not None:
            _whisker(axes, one.exact, row, colour=SERIES[0])
        hollow = CARD if one.exact is None else SERIES[0]
        axes.plot(share, row, "o", color=SERIES[0], markerfacecolor=hollow, clip_on=False, zorder=4)
        _note(axes, 1.05, row, percent(share))
    _name_rows(axes, [one.value for one in knob.settings])
    _scale(axes, "x", "", (0.0, 0.5, 1.0))
    said = "; ".join(
        f"{one.value}: {percent(share)}" for one, share in zip(knob.settings, shares, strict=True)
    )
    return inline_svg(figure, f"knob-{number}", f"What is read when turned up: {knob.name}", said)


def _scale(axes: Axes, axis: str, label: str, shares: Sequence[float] = _SHARES) -> None:
    """Let an axis be that of shares, 0 to 100 %."""
    texts = [f"{share * 100:.0f}\N{NO-BREAK SPACE}%" for share in shares]
    if axis == "x":
        axes.set_xticks(shares, texts)
        axes.set(xlim=(0, 1), xlabel=label)
    else:
        axes.set_yticks(shares, texts)
        axes.set(ylim=(0, 1), ylabel=label)


def _wrapped(name: str) -> list[str]:
    return wrap(name, _LONGEST)


def _height(names: Sequence[str]) -> float:
    """Return the height of rows of these names, all as high as the one of most lines."""
    return len(names) * max(_ROW, 8 + 15 * max(len(_wrapped(name)) for name in names))


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows of a plot, the first at the top."""
    axes.set_yticks(range(len(names)), [""] * len(names))
    for row, lines in enumerate(map(_wrapped, names)):
        for below, line in enumerate(
            lines
        ):  # each by itself: a page's typeface is not matplotlib's
            axes.annotate(
                line,
                (0, row),
                xycoords=("axes fraction", "data"),
                xytext=(-5, 15 * ((len(lines) - 1) / 2 - below)),
                textcoords="offset points",
                ha="right",
                va="center",
                color=INK,
                size=TEXT,
            )
    axes.set_ylim(len(names) - 0.4, -0.6)


def _name_lines(figure: Figure, count: int) -> None:
    """Name so many lines or kinds of bars below the plot."""
    figure.legend(
        loc="outside lower center",
        ncols=min(count, 2),
        frameon=False,
        labelcolor=INK,
        fontsize=TEXT,
    )


def _whisker(axes: Axes, rate: Rate, row: float, colour: str = INK) -> None:
    axes.plot([rate.low, rate.high], [row, row], color=colour, linewidth=1.2, zorder=3)
    for end in (rate.low, rate.high):
        axes.plot([end, end], [row - 0.12, row + 0.12], color=colour, linewidth=1.2, zorder=3)


def _note(axes: Axes, place: float, row: float, text: str) -> None:
    axes.text(place, row, text, color=INK, size=_SMALL, va="center")
