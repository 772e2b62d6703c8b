"""What the site remembers of a visitor."""

from __future__ import annotations

from captchascope.practice.sessions import Session, Sessions


def test_an_answer_is_compared_with_the_last_image() -> None:
    """Blanks around it do not matter, capitals do."""
    session = Session(expected="a1B")
    assert session.check(" a1B ") is True
    session.expected = "a1B"
    assert session.check("a1b") is False
    assert (session.right, session.answered) == (1, 2)


def test_an_image_is_answered_once() -> None:
    """Neither a second try nor an answer to nothing counts."""
    session = Session(expected="226193")
    session.check("226198")
    assert session.check("226193") is None
    assert Session().check("") is None
    assert (session.right, session.answered) == (0, 1)


def test_a_token_leads_back_to_its_session() -> None:
    """Nobody else gets it, and a token that the site did not give opens a new one."""
    sessions = Sessions()
    token, session = sessions.of(None)
    other, others = sessions.of(None)
    mine, new = sessions.of("mine")
    assert sessions.of(token) == (token, session)
    assert sessions.of(token)[1] is session
    assert others is not session
    assert new is not session
    assert len({token, other, mine, "mine"}) == 4


def test_there_are_never_many_sessions() -> None:
    """The one that was longest unused makes room."""
    sessions = Sessions(most=3)
    first, _ = sessions.of(None)
    second, _ = sessions.of(None)
    sessions.of(None)
    sessions.of(first)
    sessions.of(None)
    assert len(sessions) == 3
    assert sessions.of(first)[0] == first
    assert sessions.of(second)[0] != second
