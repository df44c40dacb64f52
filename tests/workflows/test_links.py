"""A signed link from a letter to a command: opening it changes nothing, and a choice on its page is made once."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from temporalio.testing import WorkflowEnvironment

from docs.examples.link_page import respond
from entrevue import contract
from entrevue.client import InterviewClient
from entrevue.links import Grant, Purpose, mint
from entrevue.values import CANDIDATE, Code, Refused, Status
from tests.workflows.stage import Running, Stage, staged
from tests.workflows.story import to_booking, to_offer

SECRET, FORMER = "what the worker signs with", "what it signed with before"


@pytest.fixture(name="stage")
async def _stage(server: WorkflowEnvironment) -> AsyncIterator[Stage]:
    async with staged(server) as stage:
        yield stage


@pytest.fixture(name="client")
def _client(stage: Stage) -> InterviewClient:
    return InterviewClient(stage.env.client, rpc_timeout=timedelta(seconds=60), link_secrets=(SECRET, FORMER))


def link(interview: Running, purpose: Purpose, whom: str = CANDIDATE, revision: int = 0, secret: str = SECRET) -> str:
    grant = Grant(
        interview=interview.handle.id.removeprefix(contract.workflow_id("")),
        whom=whom,
        purpose=purpose,
        revision=revision,
        expires=datetime(2100, 1, 1, tzinfo=UTC),
    )
    return mint(grant, secret.encode())


class Form(HTMLParser):
    """What a browser would send: the hidden fields, and one of the choices."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.choices: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "input" and told["type"] == "hidden":
            self.hidden[told["name"]] = told["value"]
        if tag == "input" and told["type"] == "radio":
            self.choices.append(told["value"])

    def first(self) -> Mapping[str, str]:
        return self.hidden | {"choice": self.choices[0]}


# --- the client ------------------------------------------------------------------------------------------------------


async def test_a_link_that_is_opened_fifty_times_changes_nothing(stage: Stage, client: InterviewClient) -> None:
    interview = await stage.start()
    await to_offer(interview)
    token, before = link(interview, "offer"), await interview.updates()
    opened = [await client.open_link(token) for _ in range(50)]
    for method in ("GET", "HEAD", "OPTIONS"):
        await respond(client, method, token, {"choice": '["withdraw", {}]', "page": opened[0].page})

    assert await interview.updates() == before
    assert {(one.whom, one.name, one.notice, one.view.status) for one in opened} == {
        (CANDIDATE, "Ada Summer", None, Status.AWAITING_CANDIDATE)
    }
    assert len({one.page for one in opened}) == 50


async def test_a_choice_that_is_sent_twice_is_one_command(stage: Stage, client: InterviewClient) -> None:
    interview = await stage.start()
    start = await to_offer(interview)
    token = link(interview, "offer")
    page = (await client.open_link(token)).page
    receipts = await asyncio.gather(*(client.act(token, "choose_slot", {"start": start}, page=page) for _ in range(5)))
    again = await client.act(token, "choose_slot", {"start": start}, page=page)

    assert {(one.status, one.revision) for one in (*receipts, again)} == {(Status.SCHEDULED, 1)}
    assert (await interview.updates()).count("workflow_execution_update_accepted_event_attributes") == 1


async def test_a_person_can_change_their_mind_and_change_it_back(stage: Stage, client: InterviewClient) -> None:
    interview = await stage.start()
    await to_booking(interview)
    token = link(interview, "answer", "i1", 1, secret=FORMER)
    answers = []
    for answer in ("accepted", "tentative", "accepted"):
        page = (await client.open_link(token)).page
        await client.act(token, "respond_to_seat", {"answer": answer}, page=page)
        answers += [one.answer for one in (await client.open_link(token)).view.people if one.who == "i1"]

    assert answers == ["accepted", "tentative", "accepted"]


async def test_a_candidate_says_by_the_link_whether_they_can_come(stage: Stage, client: InterviewClient) -> None:
    """Their calendar's No was a slip; the one on the page is meant, and they choose nothing else."""
    interview = await stage.start()
    await to_booking(interview)
    no = {"whom": CANDIDATE, "answer": "declined", "sequence": 0, "via": "calendar", "verified": True}
    at = (await interview.now()).isoformat()
    await interview.tell("rsvp_received", source_id="a slip", at=at, **no)
    await interview.happened("answer_heard")
    token, heard = link(interview, "answer", revision=1), []
    for answer in ("accepted", "declined"):
        page = (await client.open_link(token)).page
        await client.act(token, "answer_invitation", {"answer": answer}, page=page)
        opened = await client.open_link(token)
        heard += [one for person in opened.view.people if person.who == CANDIDATE for one in person.heard]
        assert opened.view.status is Status.SCHEDULED
        assert {"request_reschedule", "propose_other_time", "withdraw"} <= set(opened.may)
    until = heard[-1].until
    assert until is not None
    await interview.forward_to(until)

    assert [(one.answer, one.via, one.until) for one in heard] == [
        ("accepted", "command", None),
        ("declined", "command", until),
    ]
    await interview.until(lambda view: view.status is Status.NEEDS_RESCHEDULING)


async def test_whoever_decided_about_another_time_is_told_what_is_booked_now(
    stage: Stage, client: InterviewClient
) -> None:
    interview = await stage.start()
    start = await to_booking(interview)
    token = link(interview, "change", revision=1)
    seen = await client.open_link(token)
    await interview.send("reschedule", by="coordinator", start=(start + timedelta(hours=1)).isoformat())
    await interview.until(lambda view: view.revision == 2)
    with pytest.raises(Refused) as refused:
        await client.act(token, "cancel", {"reason": "I cannot come then"}, page=seen.page)
    opened = await client.open_link(token)
    slot = opened.view.slot

    assert seen.notice is None
    assert slot is not None
    assert slot.wall is not None
    now = f"The interview is booked for {slot.wall:%Y-%m-%d %H:%M} (America/New_York) now."
    assert slot.start == start + timedelta(hours=1)
    assert (refused.value.code, now in refused.value.sentence) == (Code.STALE_REVISION, True)
    assert opened.notice == f"This link was written earlier. {now}"
    cancelled = await client.act(token, "cancel", {"reason": "I cannot come at all"}, page=opened.page)
    assert cancelled.status is Status.CANCELLED


async def test_whoever_was_replaced_finds_their_link_closed(stage: Stage, client: InterviewClient) -> None:
    interview = await stage.start()
    await to_booking(interview)
    token = link(interview, "answer", "i2", 1)
    page = (await client.open_link(token)).page
    await interview.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    for attempt in (client.open_link(token), client.act(token, "respond_to_seat", {"answer": "accepted"}, page=page)):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.NOT_PARTICIPANT


# --- the page of docs/examples ---------------------------------------------------------------------------------------


async def test_the_page_shows_who_acts_and_sends_what_was_chosen(stage: Stage, client: InterviewClient) -> None:
    interview = await stage.start(candidate={"name": "<b>Ada", "email": "ada@example.org", "zone": "America/New_York"})
    await to_offer(interview)
    token = link(interview, "offer")
    status, headers, text = await respond(client, "GET", token, {})
    form = Form(text)
    done, _, thanks = await respond(client, "POST", token, form.first())
    once_more, _, _ = await respond(client, "POST", token, form.first())

    assert (status, done, once_more) == (200, 200, 200)
    assert (headers["Referrer-Policy"], headers["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert "You answer as &lt;b&gt;Ada." in text
    assert "<script" not in text
    assert "Thank you." in thanks
    assert (await interview.view()).status is Status.SCHEDULED


async def test_a_scanner_that_sends_the_form_without_a_choice_changes_nothing(
    stage: Stage, client: InterviewClient
) -> None:
    interview = await stage.start()
    await to_offer(interview)
    token, before = link(interview, "offer"), await interview.updates()
    form = Form((await respond(client, "GET", token, {}))[2])
    blind: list[Mapping[str, str]] = [
        {},
        form.hidden,
        form.hidden | {"choice": ""},
        form.hidden | {"choice": "on"},
        form.hidden | {"choice": "[1, 2]"},
        form.hidden | {"choice": '["", {}]'},
        form.hidden | {"choice": '["cancel", {}]'},
        {"choice": form.choices[0]},
    ]
    answers = [await respond(client, "POST", token, one) for one in blind]

    assert [status for status, _, _ in answers] == [422] * len(blind)
    assert await interview.updates() == before


async def test_a_link_that_leads_nowhere_is_answered_without_its_token(client: InterviewClient) -> None:
    grant = Grant(interview="r7", whom=CANDIDATE, purpose="offer", revision=0, expires=datetime(2026, 1, 1, tzinfo=UTC))
    expired, cut_off = mint(grant, SECRET.encode()), mint(grant, SECRET.encode())[:-2]
    answers = [await respond(client, "GET", token, {}) for token in (expired, cut_off, "")]

    assert [status for status, _, _ in answers] == [410, 404, 404]
    assert {headers["Referrer-Policy"] for _, headers, _ in answers} == {"no-referrer"}
    assert [text for _, _, text in answers if cut_off[:20] in text] == []


async def test_a_client_without_secrets_opens_no_links(stage: Stage) -> None:
    with pytest.raises(ValueError, match=r"^link_secrets: "):
        await InterviewClient(stage.env.client).open_link("a.b")
    with pytest.raises(ValueError, match=r"^link_secrets: "):
        InterviewClient(stage.env.client, link_secrets=("too short",))
