"""The daily digest on a real server. Each run has a clock of its own, which stands at the morning that a test wants."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities.digest import (
    TRIES,
    AddressDigest,
    Awaiting,
    DigestActivities,
    FindReaders,
    FormsGathered,
    GatherForms,
    InterviewSilent,
)
from activities.mail import PostUnavailable, Rejected
from activities.people import OrganisationEntry, PersonEntry
from adapters.memory.directory import MemoryDirectory
from demo import clock
from entrevue import contract
from entrevue.letters import OpenForm
from entrevue.owed import Owed
from entrevue.values import InterviewId
from on_server import InterviewsOnServer
from tests.workflows.stage import ORGANISATION, PEOPLE, Running, Stage, eventually, new_queue, staged
from tests.workflows.story import SCORECARD, to_forms
from workflows.digest import Digested, DigestWorkflow

DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(name="stage")
async def _stage(server: WorkflowEnvironment) -> AsyncIterator[Stage]:
    async with staged(server) as stage:
        yield stage


def nine(after: datetime, *, days: int = 1) -> datetime:
    """Give half past nine in Berlin on a working day, so many days later or a little more."""
    day = (after + days * DAY).astimezone(BERLIN).date()
    while day.weekday() > 4:
        day += DAY
    return datetime.combine(day, time(9, 30), BERLIN)


async def digested(stage: Stage, at: datetime) -> Digested:
    handle: WorkflowHandle[DigestWorkflow, Digested] = await stage.env.client.start_workflow(
        contract.DIGEST,
        id=new_queue(),
        task_queue=stage.task_queue,
        start_delay=at - datetime.now(UTC),
        result_type=Digested,
    )
    await clock.forward(stage.env, handle, at - await stage.env.get_current_time(handle))
    return await handle.result()


async def indexed(stage: Stage, *interviews: Running) -> None:
    on_server, wanted = InterviewsOnServer(stage.env.client, stage.task_queue), {named(one) for one in interviews}
    await eventually(lambda: on_server.awaiting_forms(None, most=100), lambda page: wanted <= set(page.interviews))


def named(interview: Running) -> str:
    return interview.handle.id.removeprefix(contract.workflow_id(""))


def digests(stage: Stage) -> list[tuple[str, str]]:
    """Give each digest's reader and text."""
    keys = [key for key in stage.outbox.rows if key.startswith("digest:")]
    ids = {stage.outbox.rows[key].message_id for key in keys}
    letters = [(one.recipient, message_from_bytes(one.raw, policy=policy.default)) for one in stage.post.letters]
    return [
        (to, body.get_content() if (body := mail.get_body(("plain",))) is not None else "")
        for to, mail in letters
        if mail["Message-ID"] in ids
    ]


async def test_each_gets_one_letter_in_the_morning_about_all_they_owe(stage: Stage) -> None:
    one = await stage.start(role="Backend engineer")
    await to_forms(one)
    other = await stage.start(role="Data engineer")
    await to_forms(other)
    await one.send("submit_evaluation", by="i2", form=SCORECARD)
    await indexed(stage, one, other)
    morning = nine(max([await one.now(), await other.now()]))
    result = await digested(stage, morning)
    again = await digested(stage, morning)

    assert (result.readers, result.sent, result.forms, result.interviews, result.silent) == (3, 2, 3, 2, 0)
    (grace, all_of_hers), (linus, all_of_his) = sorted(digests(stage))
    assert (grace, linus) == ("grace@acme.example", "linus@acme.example")
    assert "Backend engineer" in all_of_hers
    assert "Data engineer" in all_of_hers
    assert "Backend engineer" not in all_of_his
    assert again.sent == 2  # already there, and not sent again
    assert "Winter" not in result.model_dump_json()
    assert "@" not in result.model_dump_json()


async def test_who_owes_nothing_any_more_gets_nothing(stage: Stage) -> None:
    interview = await stage.start()
    await to_forms(interview)
    await indexed(stage, interview)
    for who in ("i1", "i2"):
        await interview.send("submit_evaluation", by=who, form=SCORECARD)
    result = await digested(stage, nine(await interview.now()))

    assert (result.readers, result.interviews) == (3, 1)
    assert (result.sent, result.forms) == (0, 0)
    assert digests(stage) == []


async def test_in_an_hour_when_it_is_nobodys_nine_oclock_no_interview_is_asked(stage: Stage) -> None:
    noon = nine(datetime.now(UTC)) + timedelta(hours=4)

    assert (await digested(stage, noon)).said == "nobody's digest is due"


async def test_whoever_leads_a_panel_is_told_of_a_form_that_has_been_open_for_two_days(stage: Stage) -> None:
    interview = await stage.start()
    await to_forms(interview)
    await interview.send("submit_evaluation", by="i1", form=SCORECARD)
    await indexed(stage, interview)
    await interview.forward(2 * DAY)
    result = await digested(stage, nine(await interview.now()))
    (grace, hers), (linus, his) = sorted(digests(stage))

    assert (result.sent, result.forms) == (2, 2)
    assert (grace, linus) == ("grace@acme.example", "linus@acme.example")
    assert "Linus Winter, on Ada Summer" in hers
    assert "of yours" not in hers
    assert "Linus Winter, on" not in his


@pytest.mark.slow
async def test_whoever_cannot_be_written_to_is_counted_and_the_others_are_told(stage: Stage) -> None:
    interview = await stage.start()
    await to_forms(interview)
    await interview.settle()
    await indexed(stage, interview)
    stage.post.next_time.append(Rejected(smtp_code=550, address_is_bad=True))
    result = await digested(stage, nine(await interview.now()))

    assert (result.sent, result.not_sent) == (1, 1)
    assert len(digests(stage)) == 1


class Outlasting(PostUnavailable, ApplicationError):
    """Trouble that outlasts every try, without the waiting between them."""

    def __init__(self) -> None:
        ApplicationError.__init__(self, "connection refused", non_retryable=True)


@pytest.mark.slow
async def test_whom_an_outage_kept_from_their_digest_the_next_run_tells_and_nobody_twice(stage: Stage) -> None:
    interview = await stage.start()
    await to_forms(interview)
    await interview.settle()
    await indexed(stage, interview)
    morning = nine(await interview.now())
    stage.post.next_time.append(Outlasting())
    with pytest.raises(WorkflowFailureError) as failed:
        await digested(stage, morning)
    result = await digested(stage, morning)

    assert "1 of 2 digests" in str(failed.value.cause)
    assert result.sent == 2
    assert sorted(to for to, _ in digests(stage)) == ["grace@acme.example", "linus@acme.example"]


# --- whose nine o'clock it is ----------------------------------------------------------------------------------------


async def readers(
    *people: PersonEntry, since: str, now: str, organisation: OrganisationEntry = ORGANISATION
) -> set[str]:
    activities = DigestActivities(MemoryDirectory(organisation, people), Interviews())
    order = FindReaders(since=datetime.fromisoformat(since), now=datetime.fromisoformat(now))
    return set((await ActivityEnvironment().run(activities.find_readers, order)).people)


def person(name: str, zone: str, **more: object) -> PersonEntry:
    return PersonEntry.model_validate({"id": name, "name": name, "email": f"{name}@acme.example", "zone": zone} | more)


WORLD = (
    person("berlin", "Europe/Berlin"),
    person("kolkata", "Asia/Kolkata"),
    person("kathmandu", "Asia/Kathmandu"),
    person("auckland", "Pacific/Auckland"),
    person("honolulu", "Pacific/Honolulu"),
)


@pytest.mark.parametrize(
    ("since", "now", "whose"),
    [
        ("2026-12-01T07:05Z", "2026-12-01T08:05Z", {"berlin"}),
        ("2026-12-01T08:05Z", "2026-12-01T09:05Z", set()),
        ("2026-12-01T03:00Z", "2026-12-01T04:00Z", {"kolkata", "kathmandu"}),
        ("2026-12-01T03:20Z", "2026-12-01T04:20Z", {"kolkata"}),
        ("2026-11-30T19:30Z", "2026-11-30T20:30Z", {"auckland"}),
        ("2026-12-01T18:30Z", "2026-12-01T19:30Z", {"honolulu"}),
        ("2026-12-01T03:20Z", "2026-12-01T09:20Z", {"berlin", "kolkata"}),
        ("2026-12-05T07:05Z", "2026-12-05T08:05Z", set()),
        ("2026-12-04T19:30Z", "2026-12-04T20:30Z", set()),
        ("2026-12-06T19:30Z", "2026-12-06T20:30Z", {"auckland"}),
    ],
    ids=[
        "nine in Berlin",
        "ten in Berlin",
        "half past, and a quarter to",
        "each once",
        "tomorrow's nine in Auckland",
        "today's in Honolulu",
        "what a run has missed is caught up",
        "Saturday",
        "Saturday in Auckland, Friday in Berlin",
        "Monday in Auckland, Sunday in Berlin",
    ],
)
async def test_a_digest_comes_at_nine_of_the_readers_own_business_day(since: str, now: str, whose: set[str]) -> None:
    assert await readers(*WORLD, since=since, now=now) == whose


async def test_nobody_gets_a_digest_on_a_holiday_of_theirs_or_when_the_company_is_closed() -> None:
    closed = ORGANISATION.model_copy(update={"days_off": (date(2026, 12, 2),), "place": "DE-BE"})
    people = (person("berlin", "Europe/Berlin"), person("vienna", "Europe/Vienna", place="AT"))
    hours = {"8": ("2026-12-08T07:05Z", "2026-12-08T08:05Z"), "2": ("2026-12-02T07:05Z", "2026-12-02T08:05Z")}

    found = {day: await readers(*people, since=a, now=b, organisation=closed) for day, (a, b) in hours.items()}

    assert found == {"8": {"berlin"}, "2": set()}  # the 8th is Immaculate Conception in Austria


# --- what they owe ---------------------------------------------------------------------------------------------------

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


class Interviews:
    """Say what they are told to; those of `silent` say nothing."""

    def __init__(self, *owed: Owed, silent: tuple[str, ...] = ()) -> None:
        self._owed, self._silent = owed, silent

    async def awaiting_forms(self, mark: str | None, *, most: int) -> Awaiting:
        there = sorted({one.form.interview for one in self._owed} | set(self._silent))
        start = int(mark or 0)
        return Awaiting(
            interviews=tuple(there[start : start + most]), next=str(start + most) if start + most < len(there) else None
        )

    async def open_forms(self, interview: InterviewId) -> tuple[Owed, ...]:
        if interview in self._silent:
            raise InterviewSilent("UNAVAILABLE")
        return tuple(one for one in self._owed if one.form.interview == interview)


def owed(person: str, interview: str, hours: float = 24) -> Owed:
    form = OpenForm(interview=interview, who="i1", role="Engineer", candidate="Ada", due=NOON + 3 * DAY, minutes=10)
    return Owed(person=person, since=NOON - timedelta(hours=hours), form=form)


async def gathered(interviews: Interviews, *people: str, most: int = 100, attempt: int = 1) -> list[FormsGathered]:
    activities = DigestActivities(MemoryDirectory(ORGANISATION, PEOPLE), interviews)
    pages = [FormsGathered(forms=(), next="0", asked=0, silent=0)]
    while (mark := pages[-1].next) is not None:
        order = GatherForms(now=NOON, people=people, mark=mark, most=most)
        world = ActivityEnvironment()
        world.info = replace(world.info, attempt=attempt)
        pages.append(await world.run(activities.gather_open_forms, order))
    return pages[1:]


async def test_only_the_readers_forms_are_told_and_none_that_was_asked_for_lately() -> None:
    there = Interviews(owed("grace", "a"), owed("grace", "b", hours=11), owed("linus", "c"), owed("edsger", "d"))

    (page,) = await gathered(there, "grace", "linus")

    assert [(one.person, one.form.interview) for one in page.forms] == [("grace", "a"), ("linus", "c")]


async def test_one_silent_interview_is_counted_and_spoils_nothing() -> None:
    (page,) = await gathered(Interviews(owed("grace", "a"), owed("grace", "c"), silent=("b",)), "grace")

    assert [one.form.interview for one in page.forms] == ["a", "c"]
    assert (page.asked, page.silent) == (3, 1)


async def test_where_all_are_silent_the_server_is_asked_again() -> None:
    with pytest.raises(InterviewSilent):
        await gathered(Interviews(silent=("a", "b")), "grace")


async def test_one_silent_interview_that_is_a_page_of_its_own_spoils_nothing_either() -> None:
    there = Interviews(owed("grace", "a"), owed("grace", "b"), silent=("c",))

    pages = await gathered(there, "grace", most=2, attempt=TRIES)

    assert [(len(page.forms), page.asked, page.silent) for page in pages] == [(2, 2, 0), (0, 1, 1)]


async def test_every_page_is_read() -> None:
    pages = await gathered(Interviews(*(owed("grace", f"a{n}") for n in range(5))), "grace", most=2)

    assert [len(page.forms) for page in pages] == [2, 2, 1]


async def test_a_letter_names_each_persons_forms_by_their_deadline_and_not_more_than_can_be_read() -> None:
    activities = DigestActivities(MemoryDirectory(ORGANISATION, PEOPLE), Interviews())
    forms = [owed("grace", f"a{n:02}").form.model_copy(update={"due": NOON + (60 - n) * DAY}) for n in range(60)]
    order = AddressDigest(now=NOON, person="grace", forms=tuple(forms))

    addressed = (await ActivityEnvironment().run(activities.address_digest, order)).order

    assert addressed is not None
    assert (addressed.key, addressed.to.email) == ("digest:grace:2026-12-01", "grace@acme.example")
    assert [one.interview for one in addressed.letter.forms[:2]] == ["a59", "a58"]
    assert len(addressed.letter.forms) == 50


async def test_who_has_left_the_company_gets_none() -> None:
    activities = DigestActivities(MemoryDirectory(ORGANISATION, PEOPLE), Interviews())
    order = AddressDigest(now=NOON, person="alan", forms=(owed("alan", "a").form,))

    assert (await ActivityEnvironment().run(activities.address_digest, order)).order is None
