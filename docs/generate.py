"""Writes what the code knows best itself: docs/schemas/*.json and docs/commands.md. Run it as `make schemas`."""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, JsonValue, TypeAdapter

from entrevue.client import COMMANDS, FACTS, InterviewHandle
from entrevue.contract import Ended, Receipt
from entrevue.effects import CONFIDENTIAL
from entrevue.learning import Aggregates, Profile, ReadLearning, Record
from entrevue.letters import Letter
from entrevue.links import ALLOWED, SHOWN
from entrevue.permissions import TABLE
from entrevue.request import InterviewRequest
from entrevue.values import Code, Status
from entrevue.view import Happening, View
from entrevue.visibility import SEALED_KINDS, Reader, Rule
from entrevue.visibility import TABLE as WHO_READS

ROOT = Path(__file__).parent.parent

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OBJECT = TypeAdapter(dict[str, JsonValue])

Schema = Mapping[str, JsonValue]

# --- what a program cannot know --------------------------------------------------------------------------------------

CODES: Mapping[Code, str] = {
    Code.INVALID_COMMAND: "A field is missing, unknown or out of bounds, or does not fit the others. The sentence "
    "names it: mend it and send again.",
    Code.INVALID_STATE: "The command does not fit where the interview stands, or the interview has ended.",
    Code.STALE_REVISION: "`expected_revision` is not the current one: the booking has changed since it was read.",
    Code.NOT_PARTICIPANT: "The person named in `by` (or asked for in `view`) does not take part in this interview.",
    Code.NOT_AUTHORIZED: "Whoever is named in `by` may not do this, or not to this person.",
    Code.SLOT_UNAVAILABLE: "The time is not on offer, or somebody else was faster. Fresh slots are on their way.",
    Code.HOLD_EXPIRED: "The time was held for a while, and the while is over.",
    Code.NONEXISTENT_LOCAL_TIME: "That wall time is skipped by a change of the clocks. Said by the client and the "
    "command line, with the nearest times there are: commands carry instants.",
    Code.AMBIGUOUS_LOCAL_TIME: "That wall time exists twice, because the clocks are set back. Said by the client "
    "and the command line, with both instants: say which.",
    Code.MAX_ROUNDS_REACHED: "Enough times were offered and proposed; the coordinator can go on.",
    Code.QUORUM_UNSATISFIABLE: "Too few interviewers would be left.",
    Code.CONFLICT_OF_INTEREST: "This person has declared, or was declared to have, a conflict of interest.",
    Code.LOAD_LIMIT_EXCEEDED: "It would be too much for an interviewer on that day or in that week; `overload` "
    "books it anyway.",
    Code.NOT_ATTENDED: "Only those who were at the session have a form, and look back on it.",
    Code.FORM_NOT_OPEN: "This person has no open form: excused, handed in, or not yet due.",
    Code.EVALUATION_LOCKED: "What was submitted stays as it is: the evaluations are sealed, or the author has read a "
    "colleague's.",
    Code.WINDOW_CLOSED: "It is too late to do this by yourself; the coordinator can.",
    Code.ALREADY_RELEASED: "The candidate has read it already.",
    Code.CONSENT_MISSING: "The candidate did not ask for feedback: `give_consent` comes first.",
    Code.DISPUTE_WINDOW_CLOSED: "The days in which this could be disputed are over.",
    Code.ON_HOLD: "The interview is on hold.",
    Code.ERASED: "The person's data were erased.",
    Code.LINK_INVALID: "The token of the link is cut off, changed, or signed by nobody we know. Said by the client.",
    Code.LINK_EXPIRED: "The link was for a time that is over; the newest letter has another. Said by the client.",
    Code.IDEMPOTENCY_MISMATCH: "This key was used for another command. The first one stands; take a new key.",
}

_LETTERS: tuple[str, ...] = tuple(letter.model_fields["kind"].default for letter in get_args(Letter))

MEANINGS: Mapping[str, str] = {
    "windows[]": "stretches in which the candidate is free",
    "windows[].start": "from",
    "windows[].end": "until",
    "address_is_bad": "is nobody there? `false`: policy, size, a full mailbox",
    "answer": "to the time that is held or booked",
    "because": "for operators; names no address and no secret",
    "cancelled": "was it cancelled in place, instead?",
    "etag": "of their version: with it, that one may be overwritten",
    "emptied": "did others of ours vanish with it? Then nobody has answered anything",
    "key": "of the letter, as `message_sent` in the journal has it",
    "overlapped": "is it so (`true`), or no longer?",
    "sequence": "of the version that it is about, as the event carries it: about another time, it is no news",
    "status": "by RFC 3463; `5.0.0` where the report names none",
    "uid": "of the event in this person's calendar",
    "verified": "is it known to be theirs: from their own calendar, or a mail that your own server has authenticated? "
    "What is not is asked about before it counts",
    "via": "how it was heard",
    "add_seat.person": "directory id; or a pool",
    "add_seat.pool": "whoever of it is free; or a person",
    "role": "which seat: LEAD and REQUIRED count, the others never do",
    "tzdata": "version of the rules",
    "acted": "did you do what you set out to do?",
    "acted_helped": "did it help?",
    "approved[]": "which sentences go to the candidate",
    "author": "whose form",
    "what": "which of its sentences",
    "change_in": "its theme",
    "at": "when it happened, by the source's clock",
    "by": "who sends it",
    "expected_revision": "refuse with `stale_revision` unless the booking is still at this revision",
    "helped": "did it help?",
    "helped_in": "its theme",
    "item": "which sentence",
    "joined": "did the candidate join the company?",
    "layer": "`feedback`: reviewed feedback on this interview; `reminders`: mails about reflection and growth",
    "letter": "its kind: " + ", ".join(f"`{kind}`" for kind in _LETTERS if kind not in CONFIDENTIAL),
    "mode": "`swap` keeps the booked time until a new one is found, `vacate` gives it up now",
    "name": "leave out to keep the name",
    "next_step": "one thing to do next",
    "note": "private",
    "outcome": "what was decided",
    "process_ended.outcome": "how the process ended",
    "process_ended.process": "its id, as `process_id` in the requests",
    "process_ended.candidate": "`candidate.id` of the request, else 32 hex digits: SHA-256 of the lower-case address",
    "process_ended.told_at": "when a person told the candidate; none where they ended it themselves",
    "party": "who was absent",
    "present": "were they there?",
    "process_over": "is the whole process over, not only this interview?",
    "question": "its number, as `view` shows it",
    "reason": "why",
    "cancel.reason": "told to the other side; needed where it is late",
    "reschedule.reason": "told to the other side",
    "request_reschedule.reason": "told to the other side where the time is given up",
    "withdraw.reason": "told to the other side",
    "show_interviewers": "may the interviewers read it, too?",
    "source_id": "the source's own id of it: a repeat is no news",
    "start": "when it shall begin",
    "calendar_event_changed.start": "when it begins there now",
    "calendar_event_changed.end": "when it ends there now",
    "answer_invitation.answer": "to the booked time",
    "counter_received.start": "when they would rather begin",
    "text": "in your own words",
    "told": "leave out until a person has told the candidate",
    "told.at": "when",
    "told.by": "the name of whoever told them",
    "told.how": "by which means",
    "took_place": "did the session take place after all?",
    "until": "a later instant",
    "upheld": "is the objection right?",
    "who": "whom it is about",
    "whom": "whom it is about",
    "will_try": "one thing to do differently next time",
    "withheld[]": "which sentences do not, and why: the author reads the reason",
    "zone": "IANA time zone; leave out to keep it",
    "form": "an interviewer's scorecard, or the candidate's form",
    "competency": "what is rated; only what is assigned to this interview",
    "differently": "what you would do differently",
    "evidence": "what was said or done; needed where there is a score",
    "listened": "did they listen?",
    "overall": "how it was, all in all",
    "own": "for the author's own report, nobody else's",
    "prepared": "were they prepared?",
    "private_note": "for the decision maker alone",
    "ratings[]": "at most one a competency",
    "recommendation": "there is no neutral one",
    "respectful": "were they respectful?",
    "role_clear": "did you learn what the role is?",
    "ruling": "the sentence stands, gets another wording beside it, counts for nothing, or is taken out and leaves a "
    "mark",
    "score": "leave out for 'not assessed'",
    "tick_change": "may interviewers read `change` word by word?",
    "tick_helped": "may interviewers read `helped` word by word?",
    "went_well": "what you did well",
}
"""Of fields whose models say nothing about them, by command and path, by path, or by name."""

EXAMPLES: Mapping[str, Mapping[str, JsonValue]] = {
    "update_contact": {"by": "coordinator", "email": "ada@example.org", "zone": "America/New_York"},
    "offer_slots": {"by": "coordinator", "slots": ["2026-12-01T14:00:00Z", "2026-12-02T09:30:00+01:00"]},
    "request_availability": {"by": "coordinator"},
    "submit_availability": {
        "by": "candidate",
        "windows": [{"start": "2026-12-01T13:00:00Z", "end": "2026-12-01T18:00:00Z"}],
    },
    "propose_other_time": {
        "by": "candidate",
        "start": "2026-12-04T15:00:00Z",
        "reason": "I teach on Tuesdays",
        "expected_revision": 0,
    },
    "respond_to_seat": {"by": "i2", "answer": "declined", "reason": "on leave that day"},
    "replace_interviewer": {"by": "coordinator", "whom": "i2", "person": "edsger"},
    "add_seat": {"by": "coordinator", "pool": "system-design", "role": "OPTIONAL"},
    "remove_seat": {"by": "coordinator", "whom": "i3"},
    "declare_conflict": {"by": "candidate", "whom": "i2", "reason": "we worked together"},
    "grant_approval": {"by": "coordinator"},
    "deny_approval": {"by": "coordinator", "reason": "the panel is together on that day only"},
    "put_on_hold": {"by": "coordinator", "reason": "the budget is being discussed"},
    "resume": {"by": "coordinator"},
    "choose_slot": {"by": "candidate", "start": "2026-12-01T14:00:00Z"},
    "decline_offer": {"by": "candidate", "reason": "I am travelling that week"},
    "book_slot": {"by": "coordinator", "start": "2026-12-01T14:00:00Z"},
    "reschedule": {"by": "i1", "start": "2026-12-03T10:00:00Z", "reason": "a release was moved"},
    "request_reschedule": {"by": "candidate", "mode": "swap", "expected_revision": 1},
    "answer_invitation": {"by": "candidate", "answer": "accepted", "expected_revision": 1},
    "restore_event": {"by": "coordinator", "whom": "i1"},
    "cancel": {"by": "coordinator", "reason": "the role was closed"},
    "withdraw": {"by": "candidate", "reason": "I took another offer"},
    "start_session": {"by": "i1"},
    "end_session": {"by": "i1"},
    "abort_session": {"by": "i1", "reason": "the video link broke down"},
    "mark_attendance": {"by": "i1", "who": "candidate", "present": True},
    "report_no_show": {"by": "i1", "party": "candidate"},
    "contest_no_show": {"by": "candidate", "reason": "I waited in the room of the old link"},
    "rule_no_show": {"by": "coordinator", "upheld": True, "took_place": False},
    "wait_longer": {"by": "candidate", "minutes": 15},
    "go_on_with_those_here": {"by": "candidate"},
    "say_it_did_not_take_place": {"by": "candidate"},
    "note_moment": {"by": "i1", "text": "drew the failure before the solution"},
    "ask_question": {"by": "candidate", "text": "Is the role hybrid?", "show_interviewers": True},
    "answer_question": {"by": "coordinator", "question": 1, "text": "Yes, two days a week in Berlin."},
    "mark_addressed": {"by": "candidate", "question": 1},
    "request_adjustment": {"by": "candidate", "text": "I read lips: please keep your camera on"},
    "arrange_adjustment": {
        "by": "coordinator",
        "adjustment": 1,
        "instruction": "Keep your camera on and face it when you speak.",
        "text": "Everybody will keep their camera on. Tell us if it is not enough.",
    },
    "report_conduct": {"by": "candidate", "text": "I was asked twice whether I plan to have children"},
    "share_expectations": {"by": "candidate", "for_other_side": "how you decide", "confidence": 3},
    "submit_evaluation": {
        "by": "i1",
        "form": {
            "form": "scorecard",
            "ratings": [{"competency": "expertise", "score": 4, "evidence": "two ways to shard, and when each fails"}],
            "recommendation": "yes",
            "strength": "names the trade-off before choosing",
            "growth": "say the assumption before the answer",
        },
    },
    "excuse_evaluation": {"by": "coordinator", "whom": "i2", "reason": "on sick leave"},
    "confirm_practice": {"by": "i1"},
    "extend_deadline": {"by": "coordinator", "whom": "candidate", "until": "2026-12-21T22:59:00Z"},
    "add_addendum": {"by": "i1", "text": "the second way to shard was hers; I had noted it as mine"},
    "record_decision": {
        "by": "decision_maker",
        "outcome": "reject",
        "process_over": True,
        "told": {"by": "Marta Lind", "at": "2026-12-07T15:00:00Z", "how": "phone"},
    },
    "review_feedback": {
        "by": "reviewer",
        "approved": [{"author": "i1", "what": "strength"}, {"author": "i1", "what": "growth"}],
        "withheld": [{"item": {"author": "i2", "what": "growth"}, "reason": "about the person, not the work"}],
        "next_step": "write one design note a month",
        "reviewed_by": "barbara",
    },
    "withhold_item": {
        "by": "reviewer",
        "item": {"author": "i1", "what": "growth"},
        "reason": "it names a colleague",
    },
    "open_feedback": {"by": "candidate"},
    "open_dispute": {
        "by": "candidate",
        "sentence": 2,
        "reason": "I did state the assumption, at the whiteboard",
    },
    "rule_dispute": {
        "by": "ruler",
        "dispute": 1,
        "ruling": "amended",
        "ruled_by": "barbara",
        "reason": "a photograph of the whiteboard shows it",
        "text": "say the assumption aloud, not only in writing",
    },
    "submit_reflection": {"by": "candidate", "text": "I begin with the question now", "will_try": "ask about the team"},
    "check_growth": {"by": "i1", "acted": "partly", "helped": "yes"},
    "record_outcome": {"by": "candidate", "joined": True, "preview_honest": 4},
    "mail_report": {"by": "candidate"},
    "give_consent": {"by": "candidate", "layer": "feedback"},
    "revoke_consent": {"by": "candidate", "layer": "reminders"},
    "resend_message": {"by": "coordinator", "letter": "invitation", "whom": "candidate"},
    "clear_attention": {"by": "operator", "item": "PERSON_UNKNOWN:i2"},
    "participant_joined": {"source_id": "meet-4711-3", "at": "2026-12-01T14:01:10Z", "who": "candidate"},
    "participant_left": {"source_id": "meet-4711-9", "at": "2026-12-01T14:41:00Z", "who": "i2"},
    "meeting_ended": {"source_id": "meet-4711-12", "at": "2026-12-01T14:42:30Z"},
    "process_ended": {
        "source_id": "r7-c42-2/process",
        "at": "2026-12-07T15:05:00Z",
        "process": "r7-c42",
        "candidate": "c42",
        "outcome": "reject",
        "told_at": "2026-12-07T15:00:00Z",
    },
    "rsvp_received": {
        "source_id": "imap-1700000000-42",
        "at": "2026-11-24T08:12:00Z",
        "whom": "candidate",
        "answer": "declined",
        "sequence": 0,
        "via": "mail",
        "verified": True,
    },
    "counter_received": {
        "source_id": "imap-1700000000-43",
        "at": "2026-11-24T08:15:00Z",
        "whom": "candidate",
        "start": "2026-12-04T15:00:00Z",
        "sequence": 0,
        "via": "mail",
        "verified": False,
        "reason": "I teach on Tuesdays",
    },
    "words_received": {"source_id": "imap-1700000000-44", "at": "2026-11-24T08:20:00Z", "whom": "candidate"},
    "calendar_event_changed": {
        "source_id": "webhook-81/1",
        "at": "2026-11-24T09:00:00Z",
        "whom": "i1",
        "uid": "r7-c42-1.p1",
        "sequence": 0,
        "start": "2026-12-04T15:00:00Z",
        "end": "2026-12-04T15:40:00Z",
        "etag": '"5f2c"',
    },
    "calendar_event_deleted": {
        "source_id": "webhook-82/1",
        "at": "2026-11-24T09:00:00Z",
        "whom": "i1",
        "uid": "r7-c42-1.p1",
        "sequence": 0,
    },
    "calendar_overlap_seen": {
        "source_id": "webhook-83/1",
        "at": "2026-11-24T09:00:00Z",
        "whom": "i2",
        "uid": "r7-c42-1.p1",
        "sequence": 0,
        "overlapped": True,
    },
    "calendar_access_lost": {
        "source_id": "webhook-84/1",
        "at": "2026-11-24T09:00:00Z",
        "whom": "i2",
        "because": "the calendar server refuses our password",
    },
    "calendar_access_restored": {"source_id": "webhook-85/1", "at": "2026-11-24T11:00:00Z", "whom": "i2"},
    "message_bounced": {
        "source_id": "imap-1700000000-45",
        "at": "2026-11-24T07:01:00Z",
        "key": "r7-c42-1/invitation/candidate/0.1",
        "status": "5.1.1",
        "address_is_bad": True,
    },
    "message_delivered": {
        "source_id": "imap-1700000000-46",
        "at": "2026-11-24T07:01:00Z",
        "key": "r7-c42-1/invitation/candidate/0.1",
    },
    "timezone_rules_changed": {"source_id": "tzdata-2026f", "at": "2026-11-23T06:00:00Z", "tzdata": "2026f"},
}

# --- the files -------------------------------------------------------------------------------------------------------


def files() -> dict[Path, str]:
    """Give every generated file with its content."""
    schemas = ROOT / "docs" / "schemas"
    texts = {schemas / f"{name}.json": _json(schema) for name, schema in all_schemas().items()}
    return texts | {ROOT / "docs" / "commands.md": commands(), ROOT / "docs" / "visibility.md": visibility()}


def all_schemas() -> dict[str, Schema]:
    """Give the schema of all that is sent and of all that is answered, by name."""
    questions: dict[str, type[BaseModel]] = {"read_learning": ReadLearning}
    sent: dict[str, Schema] = {name: _schema(model) for name, model in (COMMANDS | FACTS | questions).items()}
    answered: dict[str, type[BaseModel]] = {
        "receipt": Receipt,
        "ended": Ended,
        "view": View,
        "happening": Happening,
        "profile": Profile,
        "aggregates": Aggregates,
        "record": Record,
    }
    return {
        "interview_request": _request(),
        **sent,
        **{name: _schema(model, "serialization") for name, model in answered.items()},
    }


def _schema(model: type[BaseModel], mode: Literal["validation", "serialization"] = "validation") -> Schema:
    return {"$schema": _DIALECT, **model.model_json_schema(mode=mode)}


def _request() -> Schema:
    """An id alone stands for a seat, too; a validator sees to that, and generators do not look into validators."""
    schema = dict(_schema(InterviewRequest))
    properties = _object(schema["properties"])
    interviewers = _object(properties["interviewers"])
    seat = _object(_object(schema["$defs"])["SeatRequest"])
    person = _plain(_object(_object(seat["properties"])["person"]))
    either: JsonValue = {"anyOf": [interviewers["items"], person]}
    return schema | {"properties": properties | {"interviewers": interviewers | {"items": either}}}


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return _OBJECT.validate_python(value)


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


# --- docs/commands.md ------------------------------------------------------------------------------------------------


_BEGINNING = """\
# Commands and facts

Made by `make schemas` from the code; changes by hand are overwritten.

A command is a Temporal *update* of its name to the workflow `interview/{id}`, a fact is a *signal*. The JSON Schema of
each is in [schemas](schemas); how to send them from other languages and from a shell says
[other-languages.md](other-languages.md).

- **People** of an interview are `candidate`, `i1`, `i2`, …: the interviewers in the order of the request.
- **Roles** are `coordinator`, `decision_maker`, `reviewer`, `ruler`, `conduct` (who reads reports of conduct),
  `backend`, `operator`. The backend vouches for whom it names in `by`; the table says what they may do.
- **Instants** are ISO 8601 with an offset from UTC: `2026-12-01T14:00:00Z` or `2026-12-01T15:00:00+01:00`.
- A field that is not known is refused, so that a misspelt one is found. What is not **needed** may be left out.

## Who may do what, and when
"""

_ANSWERS = """\
## What a command answers

An accepted command answers a *receipt*; repeated with the same update id, the same one.
"""

_REFUSALS = """\
## What a command is refused with

The update fails with an application error: its *type* is the code, its message a sentence with the remedy. A refused
command leaves no trace in the history; but `choose_slot`, `book_slot` and `reschedule` are accepted first, and refused
with `slot_unavailable` when somebody else was faster.

| code | meaning |
|---|---|"""

_FACTS = """\
## Facts

A fact cannot be refused, only judged: one about a stranger, another time or an interview that has ended is no news. One
that does not fit its schema is dropped, and raises attention `FACT_UNREADABLE`.

| facts | who tells them | when a backend does |
|---|---|---|
| `participant_joined`, `participant_left`, `meeting_ended` | a backend | it hears of them from the meeting's provider |
| `process_ended` | the interview with the decision | the process ends outside of Entrevue |
| `rsvp_received`, `counter_received`, `words_received` | whoever reads the mailbox or the calendars: the worker | \
it has a mailbox or webhooks of its own, in place of the worker's |
| `calendar_…` | whoever watches the calendars: the worker | it writes and watches the calendars in its place |
| `message_bounced`, `message_delivered` | whoever reads the mailbox: the worker | \
its mail provider reports by webhook |
| `timezone_rules_changed` | the worker | never |

Tell each thing by one way only, and let `source_id` be the id under which the source itself knows it: the UID of a mail
with its mailbox's UIDVALIDITY, or the webhook's number. Say `verified` only of what you know to be theirs: anybody can
write a mail in anybody's name.
"""


_LINKS = """\
## What signed links lead to

A letter's link is for one purpose ([links.md](links.md)). Its page may send these commands, where they fit; it shows
what is the reader's own to see (`view`), and of these fields only what is named here.

| purpose | candidate | interviewer | fields of the view |
|---|---|---|---|"""


def _purposes() -> Iterator[str]:
    for purpose, allowed in ALLOWED.items():
        named = (
            ", ".join(f"`{kind}`" for kind in sorted(allowed) if role in TABLE[COMMANDS[kind]].roles)
            for role in ("candidate", "interviewer")
        )
        shown = ", ".join(f"`{field}`" for field in sorted(SHOWN[purpose]))
        yield f"| `{purpose}` | {' | '.join(named)} | {shown} |"


def commands() -> str:
    lines = [
        _BEGINNING,
        *_table_of_permissions(),
        "",
        "Whether its content fits, too, each command judges for itself.",
        "",
        "## Commands",
        "",
        *_section(COMMANDS),
        _ANSWERS,
        *_fields(_schema(Receipt, "serialization"), _RECEIPT),
        "",
        _REFUSALS,
        *(f"| `{code}` | {CODES[code]}{'' if code in _in_use() else _RESERVED} |" for code in Code),
        "",
        _FACTS,
        *_section(FACTS),
        _LINKS,
        *_purposes(),
        "",
    ]
    return "\n".join(lines)


_RESERVED = " *Reserved: this version never says it.*"

_RECEIPT: Mapping[str, str] = {
    "interview": "its id",
    "status": "where it stands now",
    "revision": "of the booking; rises with every change of it",
    "seq": "number of the last event",
    "digest": "of the command as it was understood: another command under the same key shows by it",
    "outcome": "`done`, or `pending_approval`: the coordinator must allow the change first",
}


def _in_use() -> set[Code]:
    sources = [*(ROOT / "entrevue").glob("*.py"), *(ROOT / "workflows").glob("*.py")]
    named = {name for source in sources for name in re.findall(r"\bCode\.([A-Z_]+)", source.read_text())}
    return {code for code in Code if code.name in named}


def _table_of_permissions() -> Iterator[str]:
    live = {status for status in Status if not status.terminal}
    yield "| command | who | while the interview is |"
    yield "|---|---|---|"
    for name, model in COMMANDS.items():
        rule = TABLE[model]
        statuses = ", ".join(status for status in Status if status in rule.statuses)
        when = {frozenset(live): "anything but ended", frozenset(Status): "anything"}.get(rule.statuses, statuses)
        yield f"| [`{name}`](#{name}) | {', '.join(sorted(rule.roles))} | {when} |"


def _section(models: Mapping[str, type[BaseModel]]) -> Iterator[str]:
    for name, model in models.items():
        model.model_validate(EXAMPLES[name])  # an example that is refused helps nobody
        yield f"### {name}"
        yield ""
        if name in COMMANDS:
            yield inspect.cleandoc(getattr(InterviewHandle, name).__doc__)
            yield ""
        yield from _fields(_schema(model), MEANINGS, name)
        yield ""
        yield "```json"
        yield json.dumps(EXAMPLES[name], ensure_ascii=False)
        yield "```"
        yield ""


def _fields(schema: Schema, meanings: Mapping[str, str], command: str = "") -> Iterator[str]:
    yield "| field | value | meaning |"
    yield "|---|---|---|"
    for row in _rows(schema, schema, ""):
        known = (meanings.get(place) for place in (f"{command}.{row.path}", row.path, row.path.rpartition(".")[2]))
        meaning = row.described or next((one for one in known if one), None)
        if meaning is None:
            raise LookupError(f"{row.path} has no description; give it one in its model, or in MEANINGS")
        yield f"| `{row.path}` | {_actors(command) if row.path == 'by' else row.form} | {meaning} |"


def _actors(command: str) -> str:
    people = "`i1`, `i2`, …"
    roles = (people if role == "interviewer" else f"`{role}`" for role in sorted(TABLE[COMMANDS[command]].roles))
    return f"one of {', '.join(roles)}, **needed**"


@dataclass(frozen=True)
class _Row:
    path: str
    form: str
    described: str


def _rows(node: Schema, root: Schema, prefix: str) -> Iterator[_Row]:
    required = node.get("required")
    for name, value in _object(node["properties"]).items():
        field = _plain(_object(value))
        if "const" in field:
            if prefix:  # it says which of several objects this is; at the top it is the name of what is sent
                yield _Row(f"{prefix}{name}", f"{_form(field, root)}, **needed**", str(node["description"]))
            continue
        listed = "items" in field
        path = f"{prefix}{name}{'[]' if listed else ''}"
        needed = isinstance(required, list) and name in required
        yield _Row(path, _form(field, root) + _default(field, needed=needed), str(field.get("description", "")))
        for shape in _shapes(_object(field["items"]) if listed else field, root):
            yield from _rows(shape, root, f"{path}.")


def _plain(field: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Give a field without its "or null", and with all its words in one list."""
    options = field.get("anyOf")
    if not isinstance(options, list):
        return field
    plain = [_object(option) for option in options if _object(option).get("type") != "null"]
    if len(plain) > 1:
        return {**field, "enum": [word for one in plain for word in _words(one)]}
    (only,) = plain
    return {**field, **only}


def _words(field: Schema) -> list[JsonValue]:
    words = field.get("enum", [field.get("const")])
    if not isinstance(words, list) or None in words:
        raise LookupError("a field may be of one kind, or one of several words")
    return words


def _shapes(field: dict[str, JsonValue], root: Schema) -> Iterator[Schema]:
    """Give the objects that a field may hold."""
    options = field.get("oneOf")
    for option in options if isinstance(options, list) else [field]:
        target = _target(_object(option), root)
        if "properties" in target:
            yield target


def _target(field: dict[str, JsonValue], root: Schema) -> dict[str, JsonValue]:
    reference = field.get("$ref")
    if not isinstance(reference, str):
        return field
    return _object(_object(root["$defs"])[reference.rpartition("/")[2]])


def _form(field: dict[str, JsonValue], root: Schema) -> str:
    """Say in words what a value may be."""
    target = _target(field, root)
    enum, pattern = target.get("enum"), target.get("pattern")
    match target.get("type"):
        case _ if "const" in target:
            return f"`{target['const']}`"
        case _ if isinstance(enum, list):
            return "one of " + ", ".join(f"`{one}`" for one in enum)
        case "object":
            return "an object"
        case "array":
            most = f", at most {target['maxItems']}" if "maxItems" in target else ""
            items = _object(target["items"])
            return f"a list of {'instants' if items.get('format') == 'date-time' else 'objects'}{most}"
        case "boolean":
            return "`true` or `false`"
        case "integer":
            return _range(target)
        case "string" if target.get("format") == "date-time":
            return "an instant"
        case "string" if isinstance(pattern, str):
            return _PATTERNS[pattern]
        case "string":
            return f"text, at most {target['maxLength']} characters" if "maxLength" in target else "text"
        case _:
            return "one of two objects"


def _range(field: Schema) -> str:
    least, most = field.get("minimum"), field.get("maximum")
    if least is not None and most is not None:
        return f"{least} to {most}"
    return "a whole number" if least is None else f"a whole number from {least}"


def _default(field: Schema, *, needed: bool) -> str:
    default = field.get("default")
    if needed:
        return ", **needed**"
    if isinstance(default, bool):
        return f"; `{str(default).lower()}` if left out"
    if isinstance(default, str):
        return f"; `{default}` if left out"
    return ""


_PATTERNS: Mapping[str, str] = {
    r"^(candidate|i[1-9][0-9]?|coordinator|decision_maker|reviewer|ruler|conduct|backend|operator)$": (
        "a person or a role"
    ),
    r"^(candidate|i[1-9][0-9]?)$": "a person",
    r"^[245]\.[0-9]{1,3}\.[0-9]{1,3}$": "a status like `5.1.1`",
    r"^[a-z_]{1,40}$": "a word",
    r"^[a-z][a-z0-9_]{0,39}$": "a word",
    r"^[A-Za-z0-9_-]{1,64}$": "an id",
    r"^[A-Za-z0-9_.+-]{1,254}$": "a directory id",
    r"^[A-Za-z0-9_.@+-]{1,254}$": "a directory id or an address",
    r"^[A-Za-z0-9][A-Za-z0-9 _.+-]{0,63}$": "a pool of the directory",
}


# --- docs/visibility.md ----------------------------------------------------------------------------------------------

_WHO_SEES_WHAT = """\
# Who sees what, when

Made by `make schemas` from the code; changes by hand are overwritten. This table decides: views and reports ask it, and
letters are tested against it. What it does not list, nobody sees; an empty cell means never.

- **Author** is whoever wrote it, or whose it is. **Panel** is every interviewer who is not the author.
- **Decision maker**, **coordinator**, **reviewer** and **ruler** are people of the company who act in that role. A
  reviewer reads what the panel would share before the candidate does; a ruler rules on what is disputed.
- **Conduct** is the person whom the company names for reports of conduct, and who is not on the panel.
- **Backend and operator** are programs, and those who run them; this is also what the Temporal UI and search show.
- **Both gates** are open when the forms are in or their time is over, *and* the whole process has ended and the
  candidate knows it from a person; practice has no second gate.
"""

_COLUMNS: Mapping[Reader, str] = {
    "author": "author",
    "interviewer": "panel",
    "decision_maker": "decision maker",
    "coordinator": "coordinator",
    "reviewer": "reviewer",
    "ruler": "ruler",
    "candidate": "candidate",
    "conduct": "conduct",
    "backend": "backend, operator",
}


def visibility() -> str:
    lines = [
        _WHO_SEES_WHAT,
        f"| content | {' | '.join(_COLUMNS.values())} |",
        f"|---|{'---|' * len(_COLUMNS)}",
        *(f"| {content} | {' | '.join(_cells(row))} |" for content, row in WHO_READS.items()),
        "",
        "The timeline, and the card in the Temporal UI, say what happened when, and through whom; never its content.",
        "They keep back, without a gap in their numbers, that these happened at all:",
        "",
        ", ".join(f"`{kind}`" for kind in sorted(SEALED_KINDS)) + ".",
        "",
    ]
    return "\n".join(lines)


def _cells(row: Mapping[str, Rule]) -> Iterator[str]:
    if row.get("backend") != row.get("operator"):
        raise LookupError("backend and operator share a column; give them the same rule")
    return (row[reader].says if reader in row else "" for reader in _COLUMNS)


def main() -> None:
    texts = files()
    schemas = ROOT / "docs" / "schemas"
    schemas.mkdir(exist_ok=True)
    for stale in set(schemas.glob("*.json")) - set(texts):
        stale.unlink()
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
