"""Signed links: nobody makes one up, none leads past its purpose, none decides about what its reader has not seen."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hmac import digest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrevue import links
from entrevue.client import COMMANDS
from entrevue.links import ALLOWED, SHOWN, Grant, Purpose, mint
from entrevue.permissions import TABLE
from entrevue.values import CANDIDATE, Code, Refused, Slot, Status
from entrevue.view import View
from tests.domain.scenes import (
    Scene,
    a_booking,
    a_held_time,
    an_offer,
    follow_up,
    open_forms,
    reviewed_feedback,
    story,
)

SECRET, OTHER = b"a secret of the worker", b"another one of the worker"
NOW, END = datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
ONCE, AGAIN = "0123456789abcdef" * 2, "fedcba9876543210" * 2


def grant(purpose: Purpose = "offer", whom: str = CANDIDATE, revision: int = 1) -> Grant:
    return Grant(interview="r7-c42-1", whom=whom, purpose=purpose, revision=revision, expires=END)


def refusal(token: str, *secrets: bytes, now: datetime = NOW) -> Refused:
    with pytest.raises(Refused) as refused:
        links.read(token, secrets or (SECRET,), now)
    return refused.value


TOKEN = mint(grant(), SECRET)

# --- the token -------------------------------------------------------------------------------------------------------

GRANTS = st.builds(
    Grant,
    interview=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    whom=st.sampled_from([CANDIDATE, "i1", "i12"]),
    purpose=st.sampled_from(sorted(ALLOWED)),
    revision=st.integers(0, 10**9 - 1),
    expires=st.datetimes(datetime(2026, 11, 24), datetime(2199, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - see timezones
)


@given(given_=GRANTS)
@settings(max_examples=50)
def test_a_link_is_read_back_as_it_was_made(given_: Grant) -> None:
    token = mint(given_, SECRET)

    assert re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}", token)
    assert links.read(token, [SECRET], NOW) == given_
    assert mint(given_, SECRET) == token


@given(
    at=st.integers(0, len(TOKEN)), instead=st.text(max_size=2) | st.sampled_from([*"AQ-_.=/+"]), gone=st.integers(0, 2)
)
@settings(max_examples=150)
def test_a_link_that_was_changed_anywhere_is_refused(at: int, instead: str, gone: int) -> None:
    changed = TOKEN[:at] + instead + TOKEN[at + gone :]

    if changed != TOKEN:
        assert refusal(changed).code is Code.LINK_INVALID


def signed(text: str, *, trailing: str = "") -> str:
    """Sign it as one does who has the secret, and writes otherwise than we do."""
    body = urlsafe_b64encode(text.encode()).decode().rstrip("=") + trailing
    made = digest(SECRET, f"entrevue link 1\n{body}".encode(), "sha256")
    return f"{body}.{urlsafe_b64encode(made).decode().rstrip('=')}"


WRITTEN = f"r7-c42-1/candidate/offer/1/{int(END.timestamp())}"


def test_what_another_program_signs_is_read_like_ours() -> None:
    assert signed(WRITTEN) == TOKEN


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        TOKEN.partition(".")[0],
        f".{TOKEN.partition('.')[2]}",
        f"{TOKEN}=",
        TOKEN.replace(".", "=."),
        f"{TOKEN}\n",
        f" {TOKEN}",
        f"{TOKEN}\0",
        f"{TOKEN}.{TOKEN}",
        TOKEN.replace(".", "\uff0e"),  # a full stop as wide as a letter of Japanese
        "\u0661" + TOKEN,  # an Arabic digit is a digit to Python
        "\ud800" + TOKEN,  # half a character
        "A" * 100_000 + TOKEN,
        TOKEN + "A" * 100_000,
        TOKEN[:-1] + chr(ord(TOKEN[-1]) + 1),  # the last character holds bits that no byte needs
    ],
    ids=range(16),
)
def test_there_is_one_way_of_writing_a_link(token: str) -> None:
    assert refusal(token).code is Code.LINK_INVALID


@pytest.mark.parametrize(
    "token",
    [
        signed(WRITTEN.replace("/1/", "/01/")),
        signed(WRITTEN.replace("/1/", "/+1/")),
        signed(WRITTEN.replace("/1/", "/1_0/")),
        signed(WRITTEN + "0000"),  # milliseconds
        signed(WRITTEN + "/more"),
        signed(WRITTEN.replace("offer", "everything")),
        signed(WRITTEN.replace("candidate", "coordinator")),
        signed(WRITTEN.replace("r7-c42-1", "r7 c42 1")),
        signed(WRITTEN, trailing="A"),
        signed("\0"),
    ],
    ids=range(10),
)
def test_what_was_signed_and_is_no_link_of_ours_is_refused(token: str) -> None:
    assert refusal(token).code is Code.LINK_INVALID


def test_a_secret_can_be_exchanged_while_links_are_under_way() -> None:
    of_the_new_one = mint(grant(), OTHER)

    assert links.read(TOKEN, [OTHER, SECRET], NOW) == links.read(of_the_new_one, [OTHER, SECRET], NOW) == grant()
    assert refusal(TOKEN, OTHER).code is Code.LINK_INVALID
    with pytest.raises(Refused):
        links.read(TOKEN, [], NOW)


def test_a_link_expires() -> None:
    assert links.read(TOKEN, [SECRET], END - timedelta(seconds=1)) == grant()
    assert refusal(TOKEN, now=END).code is Code.LINK_EXPIRED


def test_no_refusal_repeats_a_token() -> None:
    said = [repr(refusal(one)) + refusal(one).sentence for one in (TOKEN + "A", signed(WRITTEN + "/more"))]
    said += [repr(refusal(TOKEN, now=END)), repr(grant())]

    assert [one for one in said if TOKEN[:20] in one or TOKEN[-20:] in one] == []


# --- what a link leads to --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", ALLOWED)
def test_every_purpose_leads_to_commands_that_its_readers_may_send(purpose: Purpose) -> None:
    for kind in ALLOWED[purpose]:
        assert TABLE[COMMANDS[kind]].roles & {CANDIDATE, "interviewer"}, kind

    assert any(grant(purpose, whom).reach() for whom in (CANDIDATE, "i1"))


@pytest.mark.parametrize("purpose", ALLOWED)
@pytest.mark.parametrize(("whom", "role"), [(CANDIDATE, CANDIDATE), ("i1", "interviewer")])
def test_no_link_leads_past_its_purpose_and_its_reader(purpose: Purpose, whom: str, role: str) -> None:
    answers: dict[str, Code] = {}
    for kind in COMMANDS:
        with pytest.raises(Refused) as refused:
            links.command(grant(purpose, whom), kind, {"no": "such field"}, f"1-{ONCE}")
        answers[kind] = refused.value.code
    reached = {kind for kind in ALLOWED[purpose] if role in TABLE[COMMANDS[kind]].roles}

    assert {kind for kind, code in answers.items() if code is Code.INVALID_COMMAND} == reached
    assert {kind for kind, code in answers.items() if code is Code.NOT_AUTHORIZED} == COMMANDS.keys() - reached


def test_no_link_changes_where_mail_goes() -> None:
    assert [purpose for purpose in ALLOWED if "update_contact" in ALLOWED[purpose]] == []


def test_nobody_speaks_in_another_name_through_a_link() -> None:
    for by in ("coordinator", "i2", CANDIDATE):
        with pytest.raises(Refused, match=r"^by: ") as refused:
            links.command(grant("answer", "i1"), "respond_to_seat", {"by": by, "answer": "accepted"}, f"1-{ONCE}")
        assert refused.value.code is Code.INVALID_COMMAND
    chosen, _ = links.command(grant("answer", "i1"), "respond_to_seat", {"answer": "accepted"}, f"1-{ONCE}")

    assert chosen.by == "i1"


@pytest.mark.parametrize(
    "page",
    ["", "1", ONCE, f"1-{ONCE}\n", f"01-{ONCE}", f"-1-{ONCE}", f"1-{ONCE[:-1]}", f"1-{ONCE.upper()}", "\u0661-x"],
)
def test_a_choice_without_the_page_it_was_made_on_is_refused(page: str) -> None:
    with pytest.raises(Refused, match=r"^page: ") as refused:
        links.command(grant(), "decline_offer", {}, page)

    assert refused.value.code is Code.INVALID_COMMAND


def test_the_same_choice_on_the_same_page_is_one_command_and_every_other_is_another() -> None:
    start = "2026-12-01T14:00:00Z"

    def key(kind: str = "choose_slot", page: str = f"1-{ONCE}", **fields: object) -> str:
        return links.command(grant(), kind, fields, page)[1]

    one = key(start=start)
    others = [
        key(start="2026-12-01T15:00:00Z"),
        key(start=start, page=f"1-{AGAIN}"),
        key(start=start, page=f"2-{ONCE}"),
        key("decline_offer"),
        key("decline_offer", reason="none fits"),
    ]

    assert key(start="2026-12-01T15:00:00+01:00", by=CANDIDATE) == one
    assert len({one, *others}) == 6
    assert re.fullmatch(r"link-[0-9a-f]{32}", one)


ANY_TIME = {
    "submit_availability",  # replaces what was said before
    "request_adjustment",
    "declare_conflict",  # about people
    "withdraw",  # from the process, whatever time is booked
    "share_expectations",
    "confirm_practice",
    "start_session",  # these fit around the booked time alone
    "end_session",
    "abort_session",
    "mark_attendance",
    "note_moment",
    "wait_longer",
    "go_on_with_those_here",
    "report_no_show",
    "contest_no_show",
    "submit_evaluation",  # all of these come after the session
    "say_it_did_not_take_place",
    "ask_question",
    "mark_addressed",
    "report_conduct",
    "give_consent",
    "revoke_consent",
    "open_feedback",
    "open_dispute",
    "submit_reflection",
    "mail_report",
    "check_growth",
    "record_outcome",
}


def test_whatever_is_about_a_time_expects_the_one_that_the_page_has_shown() -> None:
    reached = {kind for purpose in ALLOWED for kind in ALLOWED[purpose]}
    bound = {kind for kind in reached if "expected_revision" in COMMANDS[kind].model_fields}
    fields = {"expected_revision": 1, "reason": "a strike"}
    chosen, _ = links.command(grant("change"), "request_reschedule", fields, f"7-{ONCE}")

    assert reached - bound == ANY_TIME
    assert chosen.model_dump()["expected_revision"] == 7


@pytest.mark.parametrize(
    ("scene", "kind", "by", "fields"),
    [
        (an_offer, "decline_offer", CANDIDATE, {}),
        (a_held_time, "decline_offer", CANDIDATE, {}),
        (a_booking, "respond_to_seat", "i1", {"answer": "declined"}),
        (a_booking, "respond_to_seat", "i1", {"answer": "accepted"}),
        (a_booking, "answer_invitation", CANDIDATE, {"answer": "accepted"}),
        (a_booking, "answer_invitation", CANDIDATE, {"answer": "declined"}),
        (a_booking, "cancel", CANDIDATE, {}),
    ],
)
def test_what_was_meant_for_another_booking_changes_nothing(
    scene: Callable[[], Scene], kind: str, by: str, fields: dict[str, object]
) -> None:
    stands = scene()
    stale = stands.interview.scheduling.revision + 1
    before = len(stands.kinds)
    refused = stands.refuses(kind, by=by, expected_revision=stale, **fields)

    assert refused.code is Code.STALE_REVISION
    assert len(stands.kinds) == before


# --- what a page shows -----------------------------------------------------------------------------------------------


def page(scene: Scene, purpose: Purpose, whom: str = CANDIDATE, revision: int | None = None) -> links.Opened:
    of = scene.interview.scheduling.revision if revision is None else revision
    return links.opened(grant(purpose, whom, of), scene.view(whom), ONCE)


def test_every_field_that_a_page_shows_exists() -> None:
    assert set(SHOWN) == set(ALLOWED)
    assert frozenset().union(*SHOWN.values()) <= View.model_fields.keys()


def test_a_page_says_who_acts_and_what_they_may_do_now() -> None:
    booked = page(a_booking(), "change", "i1")

    assert (booked.whom, booked.name) == ("i1", "Grace Winter")
    assert booked.notice is None
    assert booked.may == ("declare_conflict", "propose_other_time", "request_reschedule", "respond_to_seat")
    assert page(a_booking(), "offer").may == (
        "choose_slot",
        "declare_conflict",
        "propose_other_time",
        "request_adjustment",
        "withdraw",
    )


@pytest.mark.parametrize("status", Status)
def test_a_page_offers_what_the_table_allows_and_nothing_else(status: Status) -> None:
    scene = story(status)
    for purpose in ALLOWED:
        fitting = {kind for kind in grant(purpose).reach() if status in TABLE[COMMANDS[kind]].statuses}

        assert set(page(scene, purpose).may) == fitting


BEFORE_THE_SESSION: tuple[Purpose, ...] = ("offer", "answer", "change", "prepare", "attend")
SAID_LATER = (
    "form",
    "scorecards",
    "panel",
    "from_candidate",
    "questions",
    "conduct_reports",
    "decision",
    "to_review",
    "withheld",
    "feedback",
    "disputes",
    "looking_back",
    "report",
    "consents",
    "offers",
)


@pytest.mark.parametrize("purpose", BEFORE_THE_SESSION)
@pytest.mark.parametrize("whom", [CANDIDATE, "i1"])
@pytest.mark.parametrize("scene", [open_forms, reviewed_feedback, follow_up])
def test_an_old_letter_that_is_forwarded_shows_nothing_of_what_came_later(
    purpose: Purpose, whom: str, scene: Callable[[], Scene]
) -> None:
    whole, shown = scene().view(whom), page(scene(), purpose, whom).view
    blank = {name: View.model_fields[name].default for name in SAID_LATER}

    assert {name: getattr(shown, name) for name in SAID_LATER} == blank
    assert [name for name in SAID_LATER if getattr(whole, name) != blank[name]]


@pytest.mark.parametrize("whom", [CANDIDATE, "i1"])
def test_a_page_for_feedback_shows_it_and_no_colleague(whom: str) -> None:
    shown = page(follow_up(), "feedback", whom).view

    assert shown.report is not None
    assert (shown.scorecards, shown.panel, shown.form) == ((), (), None)


def test_a_link_of_an_older_booking_is_told_so_and_what_is_booked_now() -> None:
    scene = a_booking()
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + timedelta(hours=4))
    scene.run()
    slot = scene.view(CANDIDATE).slot
    opened = page(scene, "change", revision=1)

    assert slot is not None
    assert slot.wall is not None
    assert opened.notice == (
        f"This link was written earlier. The interview is booked for {slot.wall:%Y-%m-%d %H:%M} ({slot.zone}) now."
    )
    assert opened.page == f"2-{ONCE}"
    assert links.overtaken(opened.view).code is Code.STALE_REVISION
    assert f"{slot.wall:%H:%M}" in links.overtaken(opened.view).sentence


@pytest.mark.parametrize("purpose", ["form", "feedback", "follow_up"])
def test_what_has_been_is_asked_about_whatever_was_booked_since(purpose: Purpose) -> None:
    assert page(follow_up(), purpose, revision=0).notice is None


def test_what_is_booked_now_is_said_of_every_state() -> None:
    offered, over = an_offer().view(CANDIDATE), story(Status.CANCELLED).view(CANDIDATE)
    by_an_instant = offered.model_copy(update={"slot": Slot(start=datetime(2026, 12, 1, 9, tzinfo=UTC), minutes=40)})

    assert "No time is booked now." in links.overtaken(offered).sentence
    assert "The interview is over now." in links.overtaken(over).sentence
    assert "booked for 2026-12-01 09:00 UTC now." in links.overtaken(by_an_instant).sentence
