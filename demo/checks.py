"""What is checked when all scenes are over: mailboxes, the server's index, and that no id names anybody."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import time

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory

from demo import looking
from demo.clock import NeverCame
from demo.embedded import Servers
from demo.looking import Letter
from demo.playing import Person, Playing, eventually
from demo.telling import Telling
from entrevue import contract
from entrevue.values import EmailAddress, Status, Who

_NIGHT_FROM, _NIGHT_UNTIL = time(20), time(8)

Expected = Mapping[Who, Counter[str]]
"""How many letters of each kind everybody gets."""


@dataclass(frozen=True)
class Played:
    """A scene, the letters it should have led to, and how it should stand."""

    scene: Playing
    letters: Expected
    status: Status


async def check(servers: Servers, telling: Telling, played: Sequence[Played]) -> None:
    """Look at everything that is left behind."""
    _check_mailboxes(servers, telling, played)
    for one in played:
        await _check_calendars(telling, one)
    await _check_index(servers, telling, played)
    await _check_names(servers, telling, [one.scene for one in played])


# --- mailboxes -------------------------------------------------------------------------------------------------------


def _check_mailboxes(servers: Servers, telling: Telling, played: Sequence[Played]) -> None:
    wanted: dict[EmailAddress, Counter[str]] = {}
    scenes = [one.scene for one in played]
    for one in played:
        for person in one.scene.people:
            wanted[person.address] = wanted.get(person.address, Counter()) + one.letters[person.who]
    arrived = [letter for scene in scenes for letter in looking.letters(servers, scene.handle.id)]
    counted = looking.kinds(arrived)
    for address, kinds in wanted.items():
        got = counted.pop(address, Counter())
        listed = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in kinds.items())
        telling.check(got == kinds, f"Mailbox of {address}: {kinds.total()} letters ({listed})", dict(got))
    strays = [*counted, *looking.strays(servers)]
    telling.check(not strays, "No letter arrived anywhere else, twice, or unknown to the outbox", strays)
    _check_invitations(telling, arrived)
    people = {person.address: person for scene in scenes for person in scene.people}
    woken = [letter.kind for letter in arrived if _at_night(letter, people[letter.address])]
    telling.check(
        not set(woken) - {"hour_reminder"},  # the last reminder comes when it must
        "Nobody was written to in the night of their own zone",
        woken,
    )


def _check_invitations(telling: Telling, arrived: Sequence[Letter]) -> None:
    """Read every attached event back, by the library alone. Who has it in the calendar gets none: one inviter."""
    events = [(letter, calendar.events[0]) for letter in arrived if (calendar := letter.calendar)]
    versions: dict[tuple[EmailAddress, str], list[int]] = {}
    for letter, event in events:
        versions.setdefault((letter.address, str(event["UID"])), []).append(event.sequence)
    interviews = {(address, uid.partition(".")[0]) for address, uid in versions}
    telling.check(
        events and all(event.start < event.end for _, event in events) and len(interviews) == len(versions),
        f"All {len(events)} events that were mailed can be read; each reader has one UID an interview",
        list(versions),
    )
    rising = all(numbers == sorted(set(numbers)) for numbers in versions.values())
    telling.check(rising, "SEQUENCE only rises", versions)


def _at_night(letter: Letter, person: Person) -> bool:
    at = letter.date.astimezone(person.zone).time()
    return not _NIGHT_UNTIL <= at < _NIGHT_FROM


# --- calendars and index ---------------------------------------------------------------------------------------------


async def _check_calendars(telling: Telling, played: Played) -> None:
    scene, status = played.scene, played.status
    wanted = 0 if status is Status.CANCELLED else 1
    found = {person.first_name: len(await scene.in_calendar(person)) for person in scene.with_calendar}
    telling.check(
        set(found.values()) == {wanted},
        f"In the end each interviewer's calendar holds {wanted or 'no'} event of {scene.handle.id} ({status})",
        found,
    )


async def _check_index(servers: Servers, telling: Telling, played: Sequence[Played]) -> None:
    for status in dict.fromkeys(one.status for one in played):
        wanted = {one.scene.handle.id for one in played if one.status is status}

        async def look(status: Status = status) -> set[str]:
            return {found.interview async for found in servers.interviews.search(status=status)}

        def complete(found: set[str], wanted: set[str] = wanted) -> bool:
            return found == wanted  # the index lags behind

        with suppress(NeverCame):  # the check below says it
            await eventually(look, complete, f"interviews listed as {status}")
        listed = await look()
        telling.check(listed == wanted, f"{contract.STATUS} = {status} lists {', '.join(sorted(wanted))}", listed)


# --- no personal data where it could never be deleted ----------------------------------------------------------------


async def _check_names(servers: Servers, telling: Telling, scenes: Sequence[Playing]) -> None:
    names = {
        word.lower()
        for scene in scenes
        for person in scene.people
        for word in (*person.name.split(), *person.address.split("@")[:1])
    }
    named = re.compile(rf"(?<![a-z0-9])({'|'.join(map(re.escape, sorted(names)))})(?![a-z0-9])")
    exposed = [text for scene in scenes for text in await _exposed(servers.skipper.client, scene)]
    exposed += [str(key) for (key,) in servers.read("SELECT key FROM outbox UNION SELECT key FROM claims")]
    found = sorted({text for text in exposed if named.search(text.lower())})
    telling.check(
        exposed and not found,
        f"None of {len(exposed)} ids, search attributes, summaries and keys holds a name or an address",
        found,
    )


async def _exposed(client: Client, scene: Playing) -> list[str]:
    """Give everything of an interview that is never encrypted, and what the people at the Temporal UI read."""
    handle = client.get_workflow_handle(contract.workflow_id(scene.handle.id))
    found = await handle.describe()
    attributes = [str(pair.value) for pair in found.typed_search_attributes.search_attributes]
    events = [held.uid for person in scene.with_calendar for held in await scene.in_calendar(person)]
    return [handle.id, *attributes, *events, *_in_history(await handle.fetch_history())]


def _in_history(history: WorkflowHistory) -> Iterator[str]:
    for event in history.events:
        yield from _ids(event)
        if event.HasField("user_metadata") and event.user_metadata.HasField("summary"):
            yield str(json.loads(event.user_metadata.summary.data))


def _ids(event: HistoryEvent) -> Iterator[str]:
    if event.HasField("activity_task_scheduled_event_attributes"):
        yield event.activity_task_scheduled_event_attributes.activity_id
    if event.HasField("timer_started_event_attributes"):
        yield event.timer_started_event_attributes.timer_id
    if event.HasField("workflow_execution_update_accepted_event_attributes"):
        yield event.workflow_execution_update_accepted_event_attributes.protocol_instance_id
