"""What to do about a scheme: the most useful first, each with the source behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from captchascope.audit.figures import Figures
from captchascope.audit.judge.grading import BROKEN
from captchascope.audit.judge.literature import references
from captchascope.audit.results import Finding, Recommendation
from captchascope.audit.wording import percent

_TRIES = 3
"""Attempts that people are commonly allowed."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What recommendations go by.

    Attributes:
        kinds: Of what was found.
        solved: What is solved without labels; None where no label tells.
        broken: Whether anything that was found breaks the scheme.
    """

    kinds: frozenset[str]
    solved: float | None
    broken: bool

    def any_of(self, *kinds: str) -> bool:
        return not self.kinds.isdisjoint(kinds)


def recommendations_of(
    figures: Figures, findings: tuple[Finding, ...]
) -> tuple[Recommendation, ...]:
    """Return what to do, the most useful first; what does not apply is left out."""
    kinds = frozenset(finding.kind for finding in findings)
    known = _Known(kinds, _solved(figures), _broken(figures, findings))
    return tuple(made for make in _MAKERS if (made := make(known)) is not None)


def _solved(figures: Figures) -> float | None:
    """Return what the general reader solves; None where no label tells."""
    if figures.untrained is None:
        return None
    reads = (figures.untrained.untold, figures.untrained.told)
    rates = [each.exact.value for each in reads if each is not None and each.exact is not None]
    return max(rates, default=None)


def _broken(figures: Figures, findings: tuple[Finding, ...]) -> bool:
    """Tell whether anything breaks the scheme: few answers or pieces alone do not."""
    cut = figures.cutting.exact if figures.cutting is not None else None
    apart = cut is not None and cut.value >= BROKEN
    return any(
        finding.kind in ("few-labels", "cheap-attack", "answer-leaks")
        or (finding.kind in ("small-pool", "small-keyspace") and finding.severity == "critical")
        or (finding.kind == "cut-apart" and apart)
        for finding in findings
    )


def _mend_labels(known: _Known) -> Recommendation | None:
    if not known.any_of("labels-doubtful"):
        return None
    return Recommendation(
        "Check the labels, and audit again",
        "What the labels say and what the images show does not agree. Until it does, this report "
        "tells little of the scheme.",
        "docs/labels.md: which forms labels come in, and how they are matched with images.",
    )


def _stop_leaks(known: _Known) -> Recommendation | None:
    if not known.any_of("answer-leaks"):
        return None
    return Recommendation(
        "Stop giving the answer away, today",
        "It stands beside the image, so nothing has to be read at all. Keep it in the session on "
        "the server, name images at random, and write no metadata.",
        references("cwe804"),
    )


def _draw_anew(known: _Known) -> Recommendation | None:
    if not known.any_of("small-pool"):
        return None
    return Recommendation(
        "Draw each image anew, and let it be answered once",
        "Images that come again are labelled once and looked up ever after, however they are "
        "drawn. A published vulnerability of 2008 was this very one.",
        references("cve2008", "cwe804"),
    )


def _retire(known: _Known) -> Recommendation | None:
    if known.any_of("read-without-labels"):
        why = "A general reader seems to solve it without any label."
        if known.solved is not None and not known.any_of("labels-doubtful"):
            why = f"A general reader solves {percent(known.solved)} of it without any label."
    elif known.broken:
        why = "It is broken for little work."
    elif known.any_of("withstands-reading", "withstands-training"):
        why = "It held against what was tried here, and better attackers are published each year."
    else:
        why = "How long it holds is not known, and better attackers are published each year."
    return Recommendation(
        "Retire the text captcha",
        f"{why} In a study of 1,400 people, who solved 50 to 84 % of distorted texts, published "
        "programs solved nearly all, and faster; attacks that fit any scheme have been published "
        "since 2014. What a text captcha still does is to cost people time.",
        references("searles", "bursztein2014", "gao2016", "ye"),
    )


def _limit_rates(known: _Known) -> Recommendation | None:
    why = (
        "Limit what an account, a session and a network may do in an hour, and let waiting times "
        "grow. Count images that are asked for and answers that are right, too: "
    )
    if known.solved is not None and known.solved > 0 and not known.any_of("labels-doubtful"):
        within = percent(1 - (1 - known.solved) ** _TRIES)
        why += f"at {percent(known.solved)} for each answer, {within} of all sessions succeed "
        why += f"within {_TRIES} attempts, so that "
        few = 1 - (1 - known.solved) ** _TRIES >= 0.5
        why += "a lockout after wrong answers stops few." if few else "an attacker begins many."
    else:
        why += "an attacker who skips hard images may give few wrong answers."
    return Recommendation(
        "Limit rates on the server, whatever the captcha says",
        why,
        references("asvs", "nist", "oat"),
    )


def _score_risk(known: _Known) -> Recommendation | None:
    return Recommendation(
        "Score the risk of each request, and challenge only what is suspicious",
        "Reputation of the network, age of the account, speed and order of requests tell programs "
        "from people better than an image does, and most people then see no challenge at all. "
        "Watch what succeeds, and take it back afterwards.",
        references("bots", "oat"),
    )


def _ask_for_work(known: _Known) -> Recommendation | None:
    return Recommendation(
        "Ask the browser for a proof of work instead of asking people",
        "It costs every request some computing, and people nothing to see or to hear. It slows "
        "bulk, and tells nobody from anybody: set its cost by load, and do not rely on it alone.",
        references("back", "mcaptcha", "laurie"),
    )


def _use_passkeys(known: _Known) -> Recommendation | None:
    return Recommendation(
        "Let people sign in with passkeys",
        "Where the captcha protects a login from guessed passwords, a key that cannot be guessed "
        "makes it needless. It does not keep programs from registering.",
        references("webauthn", "nist"),
    )


def _take_tokens(known: _Known) -> Recommendation | None:
    return Recommendation(
        "Accept private access tokens",
        "A browser or a device vouches that somebody is behind it, without saying who, and no "
        "puzzle is shown. Not every device can, so another way has to stay open.",
        references("privacypass"),
    )


def _open_to_all(known: _Known) -> Recommendation | None:
    if not known.any_of("no-audio", "low-contrast", "thin-strokes", "small-characters"):
        return None
    return Recommendation(
        "Open a way in for those who cannot read the image",
        "A puzzle that only eyes can solve keeps people out. An alternative to hear helps some, "
        "and is read by programs as well; one without a puzzle helps all.",
        references("turingtest", "wcag"),
    )


def _no_more_noise(known: _Known) -> Recommendation | None:
    weak = ("noise-is-weak", "noise-hinders-classical-only", "what-if-helps-little")
    if not known.any_of(*weak, "what-if-helps"):
        return None
    return Recommendation(
        "Do not turn up noise and distortion",
        "It costs people more than programs: of image captchas, three people agreed on 71 % in a "
        "large study, while a program is trained again within the hour.",
        references("bursztein2010", "ye"),
    )


def _until_then(known: _Known) -> Recommendation | None:
    steps = {
        "small-keyspace": "lengthen the text",
        "cut-apart": "let characters touch",
        "one-typeface": "take several typefaces",
        "fixed-position": "move the text about",
        "told-by-colour": "draw everything in one colour",
        "look-alikes": "leave look-alikes out",
        "skewed-characters": "draw characters evenly",
    }
    wanted = [step for kind, step in steps.items() if kind in known.kinds]
    if not wanted:
        return None
    return Recommendation(
        "Until it is retired, mend what costs people nothing",
        f"In this order: {', '.join(wanted)}. This raises an attacker's work by minutes or hours, "
        "and not for long.",
        references("bursztein2011"),
    )


def _pay_people(known: _Known) -> Recommendation | None:
    return Recommendation(
        "Weigh what a success is worth against about a dollar for a thousand answers",
        "That is what it cost in 2010 to have people solve captchas, and hardly more since. A "
        "captcha protects nothing that is worth more to an attacker, however well it is drawn.",
        references("motoyama"),
    )


_MAKERS: tuple[Callable[[_Known], Recommendation | None], ...] = (
    _mend_labels,
    _stop_leaks,
    _draw_anew,
    _limit_rates,
    _retire,
    _open_to_all,
    _score_risk,
    _take_tokens,
    _ask_for_work,
    _use_passkeys,
    _no_more_noise,
    _until_then,
    _pay_people,
)
"""Make recommendations, the one that is most useful where it applies first."""
