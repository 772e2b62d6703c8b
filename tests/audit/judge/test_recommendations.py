"""What to do follows from what was found, with a source for each."""

from __future__ import annotations

import re

from audit.figured import cutting, finding, untrained
from captchascope.audit.figures import Figures
from captchascope.audit.judge.findings import KINDS
from captchascope.audit.judge.literature import LITERATURE
from captchascope.audit.judge.recommendations import recommendations_of
from captchascope.audit.results import Recommendation, Severity


def advised(*kinds: str, hits: int | None = 450) -> tuple[Recommendation, ...]:
    """Return what is recommended where these kinds were found."""
    figures = Figures(untrained=untrained(hits))
    return recommendations_of(figures, tuple(finding(kind, "serious") for kind in kinds))


def titles(*kinds: str) -> str:
    """Return the titles, as one text."""
    return " ".join(each.title.lower() for each in advised(*kinds))


def test_what_every_scheme_is_told() -> None:
    """Rate limits, risk, work, passkeys, tokens, and to retire it."""
    for word in ("rates", "risk", "proof of work", "passkeys", "private access tokens", "retire"):
        assert word in titles()


def test_a_leak_comes_before_everything_else() -> None:
    """Nothing else helps while the answer stands there."""
    assert advised(*KINDS)[0].title.startswith("Check the labels")
    assert advised("answer-leaks", "few-labels")[0].title.startswith("Stop giving")


def test_what_was_not_found_is_not_mended() -> None:
    """No advice on leaks, pools or typefaces without a reason."""
    assert "giving the answer" not in titles()
    assert "typefaces" not in " ".join(each.why for each in advised())
    assert "typefaces" in " ".join(each.why for each in advised("one-typeface"))


def test_the_figures_make_it_urgent() -> None:
    """A lockout's worth is computed from what is solved."""
    limits = next(each for each in advised() if "rates" in each.title)
    assert "at 90 % for each answer, 99.9 % of all sessions succeed" in limits.why


def test_a_lockout_that_stops_most_sessions_is_not_called_useless() -> None:
    """At 2 % for each answer it stops 94 % of them."""
    limits = next(each for each in advised(hits=10) if "rates" in each.title)
    assert "5.9 % of all sessions succeed" in limits.why
    assert "stops few" not in limits.why


def test_it_is_called_broken_only_for_what_breaks_it() -> None:
    """Few answers and pieces do not; nor has held what leaks, or was not measured."""

    def why(kind: str, severity: Severity, figures: Figures | None = None) -> str:
        made = recommendations_of(figures or Figures(), (finding(kind, severity),))
        return next(each.why for each in made if "Retire" in each.title)

    cut = Figures(cutting=cutting(300))
    for broken in (why("answer-leaks", "critical"), why("cut-apart", "moderate", cut)):
        assert broken.startswith("It is broken")
    for unknown in (why("small-keyspace", "moderate"), why("cut-apart", "moderate")):
        assert unknown.startswith("How long it holds is not known")
    assert why("withstands-reading", "good").startswith("It held")


def test_without_labels_no_figure_is_made_up() -> None:
    """The advice stands without it."""
    assert not any(re.search(r"at \d", each.why) for each in advised(hits=None))


def test_every_recommendation_has_a_source() -> None:
    """A reference that the literature holds in full, or a document of this project."""
    for each in advised(*KINDS):
        known = [text for text in LITERATURE.values() if text in each.source]
        assert known or each.source.startswith("docs/")
        assert each.title[0].isupper()
        assert each.why.endswith(".")


def test_every_reference_is_used_or_is_of_the_method() -> None:
    """Nothing is cited for show."""
    used = " ".join(each.source for each in advised(*KINDS))
    method = {"chellapilla", "cover", "elyaniv", "finkelstein", "legge", "miller", "wang"}
    method |= {"wilson", "yan", "ayer", "gallas", "gelman"}
    assert {name for name, text in LITERATURE.items() if text not in used} == method
