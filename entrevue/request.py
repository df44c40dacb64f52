"""What a backend sends to start an interview, and the policy that is fixed at that moment."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from entrevue.rubrics import DEFAULT_RUBRIC, MOST_ASSIGNED, CompetencyName, Rubric, unfit
from entrevue.values import (
    Code,
    DirectoryId,
    EmailAddress,
    Instant,
    Intake,
    InterviewId,
    Line,
    Link,
    Minutes,
    Name,
    PersonId,
    PoolName,
    Refused,
    SeatRole,
    ZoneName,
)

_Count = Annotated[int, Field(ge=0, le=100)]
_LONGEST = timedelta(days=400)
_MOST_SEATS = 20


class Policy(Intake):
    """Defaults of lifecycle, section 6. A snapshot: a default that changes later moves no promise already made.

    Durations are ISO 8601 ("PT24H") or seconds. Those named `…_days` count days: they end at 23:59 of the reader's
    own zone; `…_business_days` count the organisation's working days.
    """

    duration: Annotated[int, Field(ge=5, le=480, description="planned length in minutes")] = 40
    slots_offered: Annotated[int, Field(ge=1, le=20)] = 5
    grid: Annotated[int, Field(ge=5, le=60, description="minutes between possible starts")] = 15
    horizon_days: Annotated[int, Field(ge=1, le=120, description="how far ahead slots are searched")] = 14
    minimum_notice: timedelta = timedelta(hours=24)
    buffer_before: Minutes = 0
    buffer_after: Minutes = 15
    load_a_day: Annotated[int, Field(ge=5, le=24 * 60, description="minutes of interviews, in their own zone")] = 240
    load_a_week: Annotated[int, Field(ge=5, le=7 * 24 * 60, description="likewise; weeks begin on Monday")] = 900
    quorum: Annotated[int | None, Field(ge=1, le=20, description="LEAD and REQUIRED seats needed; none: all")] = None
    confirmation: Annotated[
        Literal["implicit", "explicit"], Field(description="explicit: interviewers accept before it is booked")
    ] = "implicit"
    hold: Annotated[timedelta, Field(description="how long a proposed time is held")] = timedelta(hours=48)
    replace_notice: Annotated[timedelta, Field(description="later than this nobody is replaced unasked")] = timedelta(
        hours=48
    )
    replacements: Annotated[_Count, Field(description="seats refilled unasked, then the coordinator")] = 3
    approve_by: Annotated[timedelta, Field(description="before the start; unanswered requests are granted then")] = (
        timedelta(minutes=30)
    )
    claim_patience: timedelta = timedelta(minutes=5)
    nudges: tuple[timedelta, ...] = (timedelta(hours=24), timedelta(hours=72))
    answer_days: Annotated[int, Field(ge=1, le=90, description="days to choose a slot")] = 7
    answer_at_least: timedelta = timedelta(hours=48)
    rounds: Annotated[int, Field(ge=1, le=20, description="offers before a person must help")] = 4
    reschedules: _Count = 2
    reschedule_within: timedelta = timedelta(days=3)
    self_service_cutoff: timedelta = timedelta(hours=24)
    late: timedelta = timedelta(hours=24)
    remind_before: tuple[timedelta, timedelta] = (timedelta(hours=24), timedelta(hours=1))
    grace_soft: timedelta = timedelta(minutes=5)
    grace_hard: timedelta = timedelta(minutes=15)
    attended_share: Annotated[float, Field(ge=0, le=1, description="less than this of the session owes no form")] = 0.5
    no_show_contest_business_days: _Count = 3
    no_show_retries: _Count = 1
    empty_room: timedelta = timedelta(minutes=5)
    overrun: timedelta = timedelta(minutes=30)
    early_share: Annotated[float, Field(ge=0, le=1)] = 0.6
    evaluation_days: Annotated[int, Field(ge=1, le=60)] = 7
    form_reminder: timedelta = timedelta(hours=48)
    question_business_days: _Count = 3
    answer_by_business_days: _Count = 5
    embargo_days: Annotated[int, Field(ge=1, le=365)] = 30
    review_business_days: _Count = 5
    rejection_pause: timedelta = timedelta(hours=48)
    feedback: Annotated[bool, Field(description="may a candidate ask for reviewed feedback?")] = True
    dispute_days: Annotated[int, Field(ge=1, le=90)] = 14
    ruling_business_days: _Count = 10
    reflection: timedelta = timedelta(days=3)
    growth_check: timedelta = timedelta(days=30)
    follow_up: timedelta = timedelta(days=90)

    def over(self, defaults: "Policy") -> "Policy":
        """Give what was said here, and the defaults for what was not."""
        return Policy.model_validate(dict(defaults) | {name: getattr(self, name) for name in self.model_fields_set})

    @field_validator("*")
    @classmethod
    def _bounded(cls, value: object) -> object:
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, timedelta) and not timedelta(0) <= one <= _LONGEST:
                raise ValueError("must be between zero and 400 days")
        return value


class CandidateContact(Intake):
    id: Annotated[
        DirectoryId | None,
        Field(description="your own id of them, the same in every interview; none: told apart by their address"),
    ] = None
    name: Name
    email: EmailAddress
    zone: Annotated[ZoneName | None, Field(description="unknown: the organisation's, labelled as such")] = None


class SeatRequest(Intake):
    """A seat for one person, or for whoever of a pool is free and has the least to do, chosen when a time is booked."""

    person: PersonId | None = None
    pool: PoolName | None = None
    count: Annotated[int, Field(ge=1, le=10, description="so many seats alike, of a pool")] = 1
    role: SeatRole = SeatRole.REQUIRED
    competencies: Annotated[
        tuple[CompetencyName, ...],
        Field(max_length=MOST_ASSIGNED, description="of the rubric, what this seat rates; none: the rubric's own"),
    ] = ()

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.person is None and self.pool is None:
            raise ValueError("name a person, or a pool")
        if self.person is not None and self.count != 1:
            raise ValueError("count: only a pool can fill several seats")
        return self


class InterviewRequest(Intake):
    """The smallest one has `id`, `role`, `candidate` and `interviewers`; everything else has a default."""

    id: InterviewId
    role: Annotated[Line, Field(description="the position talked about")]
    candidate: CandidateContact
    interviewers: Annotated[
        tuple[SeatRequest, ...],
        Field(min_length=1, max_length=20, description="directory ids or addresses, or seats; the first leads"),
    ]
    excluded: Annotated[
        tuple[DirectoryId, ...],
        Field(max_length=100, description="directory ids; never seated here: a conflict of interest"),
    ] = ()
    process_id: InterviewId | None = None
    predecessor_id: InterviewId | None = None
    conference_link: Link | None = None
    location: Line | None = None
    earliest: Annotated[Instant | None, Field(description="do not search for slots before this")] = None
    rubric: Annotated[Rubric | None, Field(description="what is rated, by which anchors; none: the default")] = None
    practice: Annotated[
        bool, Field(description="peers practise; both sides confirm it; no recommendation, no decision")
    ] = False
    policy: Policy = Policy()

    @field_validator("interviewers", mode="before")
    @classmethod
    def _seats(cls, value: object) -> object:
        """`"grace"` is short for a seat; the first is LEAD where nobody says otherwise, unless it is for several."""
        if not isinstance(value, (list, tuple)):
            return value
        seats = [{"person": one} if isinstance(one, str) else one for one in value]
        if seats and not any(_role(seat) is SeatRole.LEAD for seat in seats):
            first = seats[0]
            if isinstance(first, dict) and "role" not in first and first.get("count", 1) == 1:
                seats[0] = {**first, "role": SeatRole.LEAD}
        return seats

    @model_validator(mode="after")
    def _panel(self) -> Self:
        people = [seat.person for seat in self.interviewers if seat.person is not None]
        if len(set(people)) != len(people):
            raise ValueError("interviewers: somebody is named twice")
        if both := sorted(set(people) & set(self.excluded)):
            raise ValueError(f"excluded: {', '.join(both)} is named as an interviewer, too")
        leads = sum(seat.count for seat in self.interviewers if seat.role is SeatRole.LEAD)
        if leads > 1:
            raise ValueError("interviewers: only one can be LEAD")
        counting = sum(seat.count for seat in self.interviewers if seat.role in (SeatRole.LEAD, SeatRole.REQUIRED))
        if not counting:
            raise ValueError("interviewers: at least one must be LEAD or REQUIRED")
        if sum(seat.count for seat in self.interviewers) > _MOST_SEATS:
            raise ValueError(f"interviewers: {_MOST_SEATS} seats at most")
        if self.policy.quorum is not None and self.policy.quorum > counting:
            raise ValueError(f"policy.quorum: only {counting} seats are LEAD or REQUIRED")
        return self


def check_forms(request: InterviewRequest) -> None:
    """Refuse a request by which somebody could not rate what they shall, or would need too long for it.

    No part of the model: what is stored was checked when it was asked for, and a later default, or another estimate of
    how long a form takes, must not make it unreadable.
    """
    rubric = request.rubric or DEFAULT_RUBRIC
    asked = {f"interviewers.{n}.competencies": seat.competencies for n, seat in enumerate(request.interviewers)}
    for field, competencies in {"rubric.assigned": rubric.assigned, **asked}.items():
        problem = unfit(rubric, competencies)
        if problem is not None:
            raise Refused(Code.INVALID_COMMAND, f"{field}: {problem}")


def _role(seat: object) -> SeatRole | None:
    if isinstance(seat, SeatRequest):
        return seat.role
    named = seat.get("role") if isinstance(seat, dict) else None
    return SeatRole(named) if isinstance(named, str) and named in SeatRole.__members__ else None
