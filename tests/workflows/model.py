"""An interview as its journal tells it, read a second time and independently of the domain's own fold.

It knows no more than what calendars, the ledger and the mail of an interview must agree with: who sits where, which
time is booked or held, which version is shown, and which letters may be started.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from pydantic import JsonValue

from entrevue.orders import JournalEntry

_Json: TypeAlias = Mapping[str, JsonValue]

_ENDS = {
    "interview_cancelled": "CANCELLED",
    "interview_expired": "EXPIRED",
    "interview_completed": "COMPLETED",
}
_PANELS = ("interview_scheduled", "time_held", "slots_offered", "panel_changed")
_NO_OFFER = (
    "offer_declined",
    "offer_lapsed",
    "availability_submitted",
    "interview_scheduled",
    "exchange_lapsed",
    "interview_expired",
    "interview_cancelled",
    "interview_completed",
)
_AFTER_THE_END = ("cancellation", "offer_withdrawn")
_ON_HOLD = ("cancellation", "on_hold")


@dataclass(frozen=True)
class Time:
    """A stretch of time that is booked, held or shown."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Staff:
    """One of the organisation's people: by directory id, address, and whether we write their calendar."""

    person: str
    email: str = ""
    has_calendar: bool = False


@dataclass(frozen=True, kw_only=True)
class Model:
    """How things stand after `seq` entries."""

    seq: int = 0
    ended: str | None = None
    paused: bool = False
    candidate: str = ""
    """Their address."""
    staff: Mapping[str, Staff] = field(default_factory=dict)
    seats: Mapping[int, str | None] = field(default_factory=dict)
    booked: Time | None = None
    claim: int | None = None
    booked_revision: int = 0
    """Claim and revision of the booked time."""
    revision: int = 0
    sequence: int = -1
    shown: Time | None = None
    off: bool = False
    """What was shown is called off."""
    claims: Mapping[int, Time] = field(default_factory=dict)
    """Asked for, and neither lost nor given back."""
    offers: int = 0
    offering: bool = False
    delivered: int = 0
    held: Time | None = None
    held_claim: int | None = None
    holds: int = 0
    letters: tuple[str, ...] = ()
    """Keys of all that were started."""

    @property
    def panel(self) -> frozenset[str]:
        return frozenset(who for who in self.seats.values() if who is not None)

    @property
    def sitting(self) -> frozenset[str]:
        """Directory ids of the panel."""
        return frozenset(self.staff[who].person for who in self.panel)

    def address(self, who: str) -> str:
        return self.candidate if who == "candidate" else self.staff[who].email

    def allows(self, letter: str, whom: str, version: str) -> str | None:
        """Say why a letter would be about an older state, or to somebody who has nothing to do with it any more."""
        takes_part = whom == "candidate" or whom in self.panel
        number = version.partition("-")[0]
        if not takes_part and letter != "cancellation":
            return f"{whom} has left"
        if self.ended and letter not in _AFTER_THE_END:
            return "it has ended"
        if self.paused and not self.ended and letter not in _ON_HOLD:
            return "it is on hold"
        match letter:
            case "offer" | "availability_request" | "nudge" if not self.offering or number != str(self.offers):
                return f"offer {self.offers} is {'open' if self.offering else 'closed'}"
            case "invitation" if self.off or version != str(self.sequence):
                return f"version {self.sequence} is shown, {'off' if self.off else 'on'}"
            case "cancellation" if takes_part and (not self.off or version != str(self.sequence)):
                return f"version {self.sequence} is shown, {'off' if self.off else 'on'}"
            case "cancellation" if int(version) > self.sequence + 1:  # the next one shows them out
                return f"version {self.sequence} is shown"
            case "seat_request" if self.held is None or version != str(self.holds):
                return f"hold {self.holds} is {'open' if self.held else 'over'}"
            case "day_reminder" | "hour_reminder" | "join_nudge" | "interviewer_missing" if (
                self.booked is None or number != str(self.booked_revision)
            ):
                return f"the interview was booked with revision {self.booked_revision}"
            case "time_stands" | "local_time_changed" | "answer_check" | "calendar_notice" if self.booked is None:
                return "nothing is booked"
            case _:
                return None

    def after(self, entry: JournalEntry) -> "Model":
        """Read one entry more."""
        data, kind = entry.data, entry.kind
        told = self.with_panel(kind, data).with_claims(kind, data).with_shown(kind, data)
        told = replace(told, seq=entry.seq, ended=told.ended or _ENDS.get(kind))
        if kind in _NO_OFFER:
            told = replace(told, offering=False)
        match kind:
            case "slots_offered" | "availability_requested":
                told = replace(told, offers=_int(data["offer"]), offering=True)
            case "offer_delivered":
                told = replace(told, delivered=_int(data["offer"]))
            case "interview_paused":
                told = replace(told, paused=True)
            case "interview_resumed":
                told = replace(told, paused=False)
            case "contact_updated" if data["email"] is not None:
                told = replace(told, candidate=str(data["email"]))
            case "candidate_withdrew" if data["ends"]:
                told = replace(told, ended="WITHDRAWN", offering=False)
            case "no_show_confirmed" if data["closes"]:
                told = replace(told, ended="CLOSED_NO_SHOW", offering=False)
            case "message_queued":
                told = replace(told, letters=(*self.letters, str(data["key"])))
            case _:
                pass
        return told

    def with_panel(self, kind: str, data: _Json) -> "Model":
        match kind:
            case "interview_opened":
                return self._opened(_json(data["request"]))
            case "people_looked_up":
                known = {str(one["who"]): _staff(one) for one in _list(data["people"])}
                return replace(self, staff={**self.staff, **known})
            case "seat_given":
                change, who = _json(data["change"]), data["who"]
                seats, n = dict(self.seats), _int(change["seat"])
                seats[n] = None if who is None else str(who)
                if who is None and change["pool"] is None and change["role"] is None and change["why"] == "removed":
                    del seats[n]
                known = {} if who is None or who in self.staff else {str(who): Staff(str(change["person"]))}
                return replace(self, seats=seats, staff={**self.staff, **known})
            case _ if kind in _PANELS:
                return self._changed(_json(data["panel"]))
            case _:
                return self

    def _opened(self, request: _Json) -> "Model":
        asked = [one for one in _list(request["interviewers"]) for _ in range(_int(one["count"]))]
        named = {n: str(one["person"]) for n, one in enumerate(asked, start=1) if one["person"] is not None}
        return replace(
            self,
            candidate=str(_json(request["candidate"])["email"]),
            seats={n: f"i{n}" if n in named else None for n in range(1, len(asked) + 1)},
            staff={f"i{n}": Staff(person) for n, person in named.items()},
        )

    def _changed(self, panel: _Json) -> "Model":
        seats, staff = dict(self.seats), dict(self.staff)
        for one in _list(panel["left"]):
            seats[_int(one["seat"])] = None
            if one["gone"]:
                del seats[_int(one["seat"])]
        for one in _list(panel["taken"]):
            found, who = _json(one["found"]), str(one["who"])
            seats[_int(found["seat"])], staff[who] = who, _staff(found)
        return replace(self, seats=seats, staff=staff)

    def with_claims(self, kind: str, data: _Json) -> "Model":
        claims = dict(self.claims)
        match kind:
            case "time_requested":
                claims[_int(data["claim"])] = _time(data["slot"])
            case "time_given_back":
                claims.pop(_int(data["claim"]), None)
            case "slot_lost" if not data["unsure"]:
                claims.pop(_int(data["claim"]), None)
            case _:
                pass
        return replace(self, claims=claims)

    def with_shown(self, kind: str, data: _Json) -> "Model":
        match kind:
            case "interview_scheduled":
                time, claim = _time(data["slot"]), _int(data["claim"])
                told = replace(self, booked=time, claim=claim, shown=time, off=False, held=None)
                return replace(told.with_version(data), booked_revision=_int(data["revision"]))
            case "panel_changed":
                told = replace(self, claim=_int(data["claim"]), booked_revision=_int(data["revision"]))
                return told.with_version(data)
            case "time_held":
                time = _time(data["slot"])
                holds = self.holds + (self.held != time)
                return replace(self, held=time, held_claim=_int(data["claim"]), holds=holds)
            case "slot_lost" if data["claim"] == self.held_claim:
                return replace(self, held=None)
            case "hold_ended" | "slots_offered":
                return replace(self, held=None)
            case "reschedule_requested" if data["vacated"] and data["cause"] in ("no_show", "aborted"):
                return replace(self, booked=None, held=None, revision=_int(data["revision"]))
            case "reschedule_requested" if data["vacated"]:
                return self._called_off(data)
            case "reschedule_requested":
                return replace(self, held=None, revision=_int(data["revision"]))
            case "interview_cancelled" if data["sequence"] is None:  # the session has taken place
                return replace(self, booked=None, held=None, revision=_int(data["revision"]))
            case "interview_cancelled":
                return self._called_off(data)
            case "candidate_withdrew" if data["ends"]:
                return self._called_off(data)
            case "other_time_proposed":
                return replace(self, revision=_int(data["revision"]))
            case _:
                return self

    def _called_off(self, data: _Json) -> "Model":
        told = replace(self, booked=None, held=None, revision=_int(data["revision"]))
        if self.booked is None or self.off:
            return told
        return replace(told, off=True).with_version(data)

    def with_version(self, data: _Json) -> "Model":
        return replace(self, revision=_int(data["revision"]), sequence=_int(data["sequence"]))


def told(entries: Iterable[JournalEntry]) -> Sequence[Model]:
    """Give how things stood after each entry; the first is how they stood before all of them."""
    stood = [Model()]
    for entry in entries:
        stood.append(stood[-1].after(entry))
    return stood


def _time(slot: JsonValue) -> Time:
    start = datetime.fromisoformat(str(_json(slot)["start"]))
    from_start = _int(_json(slot)["minutes"]) * 60
    return Time(start, datetime.fromtimestamp(start.timestamp() + from_start, start.tzinfo))


def _staff(found: _Json) -> Staff:
    return Staff(str(found["person"]), str(found["email"]), bool(found["has_calendar"]))


def _int(value: JsonValue) -> int:
    assert isinstance(value, int)
    return value


def _json(value: JsonValue) -> _Json:
    assert isinstance(value, dict)
    return value


def _list(value: JsonValue) -> list[_Json]:
    assert isinstance(value, list)
    return [_json(one) for one in value]
