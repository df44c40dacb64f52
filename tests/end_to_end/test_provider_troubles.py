"""Interviews go on while a provider is throttling, takes our token no more, or our right away, or answers in part."""

import re
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import JsonValue
from temporalio.api.failure.v1 import Failure
from temporalio.client import WorkflowHistory

from activities.people import Provider
from demo.diaries import Diary
from demo.embedded import Servers
from demo.playing import Person, Playing, eventually
from demo.telling import Telling
from entrevue import contract
from entrevue.request import InterviewRequest
from entrevue.values import CANDIDATE, PersonId, Status
from tests.end_to_end.office import Office, opened, troubled
from tests.end_to_end.test_changes import asked, booked, directory, event, mail, offered, shown
from tests.end_to_end.test_drift import a_quarter_passes
from tests.end_to_end.test_providers import NOTHING, call_off
from tests.providers.diaries import GoogleDiary, GraphDiary
from tests.providers.google_errors import google_trouble
from tests.providers.serving import Trouble, Troubles

pytestmark = pytest.mark.slow

BERLIN = ZoneInfo("Europe/Berlin")
A_MINUTE = 2
"""How many requests a provider gets on one interview's behalf while it is throttling, at most."""

WHERE: dict[PersonId, Provider] = {"grace": "caldav", "linus": "google", "edsger": "graph"}

_MORE = """
[people.ken]
name = "Ken Aldana"
email = "ken@acme.example"
calendar = "google"
busy_only = true
pools = ["outside"]
hours = { mon = ["08:00-19:00"], tue = ["08:00-19:00"], wed = ["08:00-19:00"], thu = ["08:00-19:00"] }

[people.mia]
name = "Mia Rahal"
email = "mia@acme.example"
calendar = "graph"
busy_only = true
pools = ["outside"]
hours = { mon = ["08:00-19:00"], tue = ["08:00-19:00"], wed = ["08:00-19:00"], thu = ["08:00-19:00"] }
"""
"""Two of whom we learn no more than when they are busy."""

_MORNINGS = """\
BEGIN:VCALENDAR
BEGIN:VEVENT
UID:mornings
DTSTART;TZID=Europe/Berlin:20260105T080000
DTEND;TZID=Europe/Berlin:20260105T130000
RRULE:FREQ=DAILY
SUMMARY:Not before lunch
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture(scope="module", name="office")
async def _office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with opened(tmp_path_factory.mktemp("troubles"), WHERE) as office:
        office.servers.worker.people.write_text(directory(office.servers) + _MORE, encoding="utf-8")
        yield office


def troubles_of(office: Office, person: PersonId) -> Troubles:
    return office.google.troubles if person == "linus" else office.graph.troubles


# --- throttled -------------------------------------------------------------------------------------------------------


_ASKED_FOR, _OWN = timedelta(minutes=2), timedelta(minutes=1)
"""What `Retry-After` says below, and what we wait where a provider says nothing: its limits are by the minute."""
_LATER = {"Retry-After": f"{_ASKED_FOR.total_seconds():.0f}"}


def google_429(method: str) -> Trouble:
    trouble = google_trouble("rateLimitExceeded", f"{method} /calendar/v3/", status=429)
    trouble.headers = _LATER
    return trouble


def google_403(method: str) -> Trouble:
    """Here it says nothing of when to come back."""
    return google_trouble("rateLimitExceeded", f"{method} /calendar/v3/")


def graph_429(method: str) -> Trouble:
    error: dict[str, JsonValue] = {
        "code": "ApplicationThrottled",
        "message": "Application is over its MailboxConcurrency limit.",
    }
    return Trouble(f"{method} /v1.0/", 429, {"error": error}, _LATER)


THROTTLED = pytest.mark.parametrize(
    ("person", "trouble", "pause"),
    [
        pytest.param("linus", google_429, _ASKED_FOR, id="Google, with 429 and Retry-After"),
        pytest.param("linus", google_403, _OWN, id="Google, with 403 rateLimitExceeded"),
        pytest.param("edsger", graph_429, _ASKED_FOR, id="Microsoft, with 429 and Retry-After"),
    ],
)
"""`pause`: until the provider is asked again."""


@THROTTLED
async def test_a_throttled_provider_is_asked_seldom_and_gets_the_event_when_it_takes_requests_again(
    office: Office,
    person: PersonId,
    trouble: Callable[[str], Trouble],
    pause: timedelta,
    request: pytest.FixtureRequest,
) -> None:
    scene, slots = await offered(office.servers, name(request), "grace", person)
    troubles = troubles_of(office, person)
    refused = trouble("(POST|PUT|PATCH)")
    since = len(troubles.asked)
    with troubled(troubles, refused):
        receipt = await scene.handle.choose_slot(by="candidate", start=slots[-1].start)
        first = await paused(scene)
        await scene.pass_time(await scene.now() + timedelta(minutes=5), "the provider is throttling")
        before = await shown(scene)
        writes = [line for line in troubles.asked[since:] if re.match(refused.on, line)]
    await scene.pass_time(await scene.now() + timedelta(minutes=5), "it takes requests again")
    await scene.happened("calendar_written", times=2)
    await scene.letters("invitation", *scene.people)
    await scene.comes_to_rest()

    assert receipt.status is Status.SCHEDULED
    assert before[person] == []
    assert first == pause
    assert 1 <= len(writes) <= A_MINUTE * 5
    assert (await shown(scene))[person] == event(scene, 0, slots[-1])
    assert mail(scene, "i2") == ["invitation"]
    await call_off(scene)


@THROTTLED
async def test_a_search_waits_for_a_provider_that_throttles_and_offers_nothing_meanwhile(
    office: Office,
    person: PersonId,
    trouble: Callable[[str], Trouble],
    pause: timedelta,
    request: pytest.FixtureRequest,
) -> None:
    troubles = troubles_of(office, person)
    since = len(troubles.asked)
    with troubled(troubles, trouble("[A-Z]+")):
        scene = await begun(office.servers, asked(name(request), "grace", person))
        first = await paused(scene)
        await scene.pass_time(await scene.now() + timedelta(minutes=30), "the provider is throttling")
        behind = await scene.until(lambda view: bool(view.attention), "attention")
        asked_then = troubles.asked[since:]
    await scene.pass_time(await scene.now() + timedelta(minutes=15), "it takes requests again")
    view = await scene.until(lambda view: bool(view.offered), "an offer")

    assert first == pause
    assert 1 <= len(asked_then) <= A_MINUTE * 30
    assert [item.id for item in behind.attention] == ["SEARCH_BEHIND"]
    assert behind.offered == ()
    assert view.attention == ()
    await call_off(scene)


async def paused(scene: Playing) -> timedelta:
    """Wait until something has failed; say for how long it is left alone, as the server has it."""
    workflow = scene.servers.skipper.client.get_workflow_handle(contract.workflow_id(scene.handle.id))

    async def look() -> list[timedelta]:
        pending = (await workflow.describe()).raw_description.pending_activities
        return [one.current_retry_interval.ToTimedelta() for one in pending if one.HasField("last_failure")]

    (pause,) = await eventually(look, bool, "an attempt that has failed")
    return timedelta(seconds=round(pause.total_seconds()))


# --- a token that is taken no more -----------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["linus", "edsger"])
async def test_an_expired_token_is_replaced_once_and_nobody_notices(office: Office, person: PersonId) -> None:
    scene, slots = await offered(office.servers, f"expired-{person}", "grace", person)
    troubles = troubles_of(office, person)
    since = len(troubles.asked)
    (office.google if person == "linus" else office.graph).expire_tokens()
    await scene.handle.choose_slot(by="candidate", start=slots[-1].start)
    await scene.letters("invitation", *scene.people)
    await scene.comes_to_rest()
    made = [line for line in troubles.asked[since:] if re.match(r"POST (/token|/[^/]+/oauth2/v2\.0/token)", line)]
    history = await history_of(scene)

    assert (await shown(scene))[person] == event(scene, 0, slots[-1])
    assert len(made) == 1
    assert attempts(history) == {1}
    assert (await scene.handle.view("coordinator")).attention == ()
    await call_off(scene)


# --- a right that is taken away --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "words"),
    [("linus", "delegate the two scopes"), ("edsger", "consent to Calendars.ReadWrite")],
    ids=["Google", "Microsoft"],
)
async def test_a_revoked_right_stops_no_interview_and_attention_says_what_to_do_until_it_is_given_again(
    office: Office, person: PersonId, words: str
) -> None:
    server = office.google if person == "linus" else office.graph
    address = f"{person}@acme.example"
    scene, slot = await booked(office.servers, f"revoked-{person}", "grace", person)
    before = await shown(scene)
    server.revoke(address)
    try:
        await a_quarter_passes(office.servers, scene["i2"])
        unseen = await scene.until(lambda view: bool(view.attention), "attention for the watcher")
        await scene.handle.request_reschedule(by="coordinator", mode="vacate", reason="the office is closed")
        await scene.letters("cancellation", *scene.people)
        await scene.pass_time(await scene.now() + timedelta(minutes=30), "nobody has seen to it")
        behind = await scene.until(
            lambda view: "CALENDAR_BEHIND" in [item.id for item in view.attention], "attention for the event"
        )
        during = await shown(scene)
    finally:
        server.restore(address)
    await scene.pass_time(await scene.now() + timedelta(minutes=30), "somebody has seen to it")
    await scene.happened("calendar_cleared", times=2)
    healed = await scene.until(lambda view: bool(view.offered) and not view.attention, "an offer, and calm")

    assert before == NOTHING | {one: event(scene, 0, slot) for one in ("grace", person)}
    assert during == NOTHING | {person: event(scene, 0, slot)}
    assert [item.id for item in unseen.attention] == ["CALENDAR_LOST:i2"]
    assert "SEARCH_BEHIND" in [item.id for item in behind.attention]
    for item in (*unseen.attention, *behind.attention):
        assert words in (item.because or ""), item
        assert "@" not in (item.because or "")
    assert healed.status is Status.NEEDS_RESCHEDULING
    assert await shown(scene) == NOTHING
    await call_off(scene)


# --- an answer that is whole for some, and an error for others -------------------------------------------------------


@pytest.mark.parametrize(("broken", "whole"), [("ken", "mia"), ("mia", "ken")])
async def test_whose_times_a_provider_cannot_tell_is_not_taken_for_free_and_others_are_chosen(
    office: Office, broken: PersonId, whole: PersonId
) -> None:
    """The one whose times are known is busy every morning; the other one's calendar is empty, if only we knew."""
    await outsiders(office, busy=[whole])
    with cannot_tell(office, broken):
        scene = await begun(office.servers, asked(f"without-{broken}", "grace", {"pool": "outside"}))
        view = await scene.until(lambda view: bool(view.offered), "an offer")
        await scene.until_all_are_awake()
        await scene.handle.choose_slot(by="candidate", start=view.offered[-1].start)
        await scene.see_who_sits()
        await scene.letters("invitation", *scene.people)

    assert [slot.start.astimezone(BERLIN).hour >= 13 for slot in view.offered] == [True] * len(view.offered)
    assert [one.address for one in scene.panel] == ["grace@acme.example", f"{whole}@acme.example"]
    assert mail(scene, "i2") == [f"invitation: REQUEST without-{broken}.p1 0"]
    await call_off(scene)


async def test_a_search_waits_where_nobody_is_left_whose_times_are_known(office: Office) -> None:
    await outsiders(office)
    with cannot_tell(office, "ken"), cannot_tell(office, "mia"):
        scene = await begun(office.servers, asked("nobody-known", "grace", {"pool": "outside"}))
        await scene.pass_time(await scene.now() + timedelta(minutes=30), "nobody's times are known")
        behind = await scene.until(lambda view: bool(view.attention), "attention")
    await scene.pass_time(await scene.now() + timedelta(minutes=15), "they are known again")
    view = await scene.until(lambda view: bool(view.offered), "an offer")

    assert [item.id for item in behind.attention] == ["SEARCH_BEHIND"]
    assert behind.offered == ()
    assert view.attention == ()
    await call_off(scene)


@pytest.mark.parametrize(("denied", "other"), [("linus", "edsger"), ("edsger", "linus")])
async def test_whose_calendar_is_closed_to_us_is_left_out_where_somebody_else_can_sit_there(
    office: Office, denied: PersonId, other: PersonId
) -> None:
    server = office.google if denied == "linus" else office.graph
    (office.google.close if denied == "linus" else office.graph.revoke)(f"{denied}@acme.example")
    try:
        scene = await begun(office.servers, asked(f"closed-{denied}", "grace", {"pool": "bench"}))
        view = await scene.until(lambda view: bool(view.offered), "an offer")
        await scene.until_all_are_awake()
        await scene.handle.choose_slot(by="candidate", start=view.offered[-1].start)
        await scene.comes_to_rest()
        found = await shown(scene)
    finally:
        server.restore(f"{denied}@acme.example")

    assert found == NOTHING | {one: event(scene, 0, view.offered[-1]) for one in ("grace", other)}
    await call_off(scene)


# --- what is never told ----------------------------------------------------------------------------------------------


async def test_no_history_and_no_log_holds_a_token_or_whose_calendar_is_in_trouble(office: Office) -> None:
    """Also of whatever was played before: it is in what goes wrong that such things are told by mistake."""
    office.graph.revoke("edsger@acme.example")
    try:
        with troubled(office.google.troubles, google_429("[A-Z]+")):
            scenes = [await begun(office.servers, asked(f"secrets-of-{one}", one)) for one in ("linus", "edsger")]
            for scene in scenes:
                await paused(scene)
    finally:
        office.graph.restore("edsger@acme.example")
    for scene in scenes:
        await scene.pass_time(await scene.now() + timedelta(minutes=15), "all is well again")
        view = await scene.until(lambda view: bool(view.offered), "an offer")
        await scene.handle.choose_slot(by="candidate", start=view.offered[-1].start)
        await scene.happened("calendar_written")
        await call_off(scene)
    client = office.servers.skipper.client
    runs = [client.get_workflow_handle(one.id, run_id=one.run_id) async for one in client.list_workflows()]
    histories = [await run.fetch_history() for run in runs]
    everything = b"".join(one.SerializeToString() for history in histories for one in history.events)
    failures = b"".join(one.SerializeToString() for history in histories for one in failures_in(history))
    log = office.servers.worker.said

    assert office.google.tokens.given_out
    assert b"CalendarRefused" in failures
    assert b"CalendarUnavailable" in failures
    assert "worker started" in log
    for secret in office.secrets:
        assert secret.encode() not in everything
        assert secret not in log
    assert b"@acme.example" not in failures
    assert "@acme.example" not in log


def failures_in(history: WorkflowHistory) -> Iterator[Failure]:
    for one in history.events:
        yield one.activity_task_started_event_attributes.last_failure
        yield one.activity_task_failed_event_attributes.failure
        yield one.activity_task_timed_out_event_attributes.failure
        yield one.workflow_task_failed_event_attributes.failure


# --- acting ----------------------------------------------------------------------------------------------------------


def name(request: pytest.FixtureRequest) -> str:
    """Make an interview's id of a test's."""
    return re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_a_").lower()).strip("-")[-40:]


async def begun(servers: Servers, request: InterviewRequest) -> Playing:
    """Start an interview in which a pool may have a seat; whoever takes it is found by `see_who_sits`."""
    handle = await servers.interviews.start(request)
    candidate = Person(CANDIDATE, request.candidate.name, request.candidate.email, BERLIN)
    scene = Playing(servers, Telling(BERLIN), handle, (candidate,))
    await scene.until(lambda view: len(view.people) > 1, "the people of the panel")
    return scene


async def history_of(scene: Playing) -> WorkflowHistory:
    client = scene.servers.skipper.client
    return await client.get_workflow_handle(contract.workflow_id(scene.handle.id)).fetch_history()


def attempts(history: WorkflowHistory) -> set[int]:
    """Give how often activities were tried."""
    tried = {one.activity_task_started_event_attributes.attempt for one in history.events}
    return tried - {0}  # of other events


async def outsiders(office: Office, *, busy: Collection[PersonId] = ()) -> None:
    """Give the two of whom we only read when they are busy new calendars; some are busy every morning."""
    office.google.open_calendar("ken@acme.example", "Europe/Berlin")
    office.graph.open_mailbox("mia@acme.example", "Europe/Berlin")
    homes: dict[PersonId, Diary] = {
        "ken": GoogleDiary(office.google, "ken@acme.example"),
        "mia": GraphDiary(office.graph, "mia@acme.example"),
    }
    for person in busy:
        await homes[person].fill(_MORNINGS)


@contextmanager
def cannot_tell(office: Office, person: PersonId) -> Iterator[None]:
    """Let a provider answer with an error in place of this person's times."""
    address = f"{person}@acme.example"
    if person == "ken":
        office.google.break_busy(address)
    else:
        office.graph.break_busy(address)
    try:
        yield
    finally:
        office.google.break_busy(address, None)
        office.graph.mend_busy(address)
