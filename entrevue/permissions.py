"""Who may send what, and when: one table, read by `decide`, rendered into the docs, tested cell by cell."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from entrevue.answers import AnswerInvitation
from entrevue.changes import (
    Cancel,
    ChangeCommand,
    DenyApproval,
    GrantApproval,
    PutOnHold,
    RequestReschedule,
    Reschedule,
    Resume,
    Withdraw,
)
from entrevue.disputes import DisputeCommand, OpenDispute, RuleDispute
from entrevue.drift import RestoreEvent
from entrevue.effects import ClearAttention, EffectsCommand, ResendMessage
from entrevue.evaluation import (
    AddAddendum,
    ConfirmPractice,
    EvaluationCommand,
    ExcuseEvaluation,
    ExtendDeadline,
    ShareExpectations,
    SubmitEvaluation,
)
from entrevue.feedback import (
    FeedbackCommand,
    OpenFeedback,
    RecordDecision,
    ReviewFeedback,
    WithholdItem,
)
from entrevue.follow_up import CheckGrowth, FollowUpCommand, MailReport, RecordOutcome, SubmitReflection
from entrevue.negotiation import (
    BookSlot,
    ChooseSlot,
    DeclineOffer,
    NegotiationCommand,
    OfferSlots,
    ProposeOtherTime,
    RequestAvailability,
    SubmitAvailability,
)
from entrevue.people import PeopleCommand, UpdateContact
from entrevue.privacy import GiveConsent, PrivacyCommand, RevokeConsent
from entrevue.seats import (
    AddSeat,
    DeclareConflict,
    RemoveSeat,
    ReplaceInterviewer,
    RespondToSeat,
    SeatCommand,
)
from entrevue.session import (
    AbortSession,
    ContestNoShow,
    EndSession,
    GoOnWithThoseHere,
    MarkAttendance,
    ReportNoShow,
    RuleNoShow,
    SayItDidNotTakePlace,
    SessionCommand,
    StartSession,
    WaitLonger,
)
from entrevue.values import CANDIDATE, Code, Refused, Status
from entrevue.voices import (
    AnswerQuestion,
    ArrangeAdjustment,
    AskQuestion,
    MarkAddressed,
    NoteMoment,
    ReportConduct,
    RequestAdjustment,
    VoicesCommand,
)

if TYPE_CHECKING:
    from entrevue.interview import Interview

Command = (
    PeopleCommand
    | NegotiationCommand
    | ChangeCommand
    | SeatCommand
    | AnswerInvitation
    | RestoreEvent
    | SessionCommand
    | VoicesCommand
    | EvaluationCommand
    | FeedbackCommand
    | DisputeCommand
    | FollowUpCommand
    | PrivacyCommand
    | EffectsCommand
)


@dataclass(frozen=True)
class Rule:
    """Roles (`interviewer` stands for every seat) and statuses in which a command fits."""

    roles: frozenset[str]
    statuses: frozenset[Status]


_S = Status
_OFFERED = {_S.AWAITING_CANDIDATE, _S.NEEDS_RESCHEDULING}
_ASKED = {*_OFFERED, _S.AWAITING_INTERVIEWERS}
_LOOKING = {_S.NEEDS_SCHEDULING, *_ASKED}
_BOOKED = {_S.SCHEDULED, _S.NEEDS_RESCHEDULING}
_BEFORE = {*_LOOKING, _S.SCHEDULED}
_NOT_YET = {*_BEFORE, _S.ON_HOLD}
_FORMS = {_S.AWAITING_EVALUATIONS, _S.AWAITING_DECISION}
_AFTER = {*_FORMS, _S.RELEASED, _S.FOLLOW_UP}
_RELEASED = {_S.RELEASED, _S.FOLLOW_UP}
_LIVE = {status for status in Status if not status.terminal}
_COMPANY = {"coordinator", "backend"}
_PEOPLE = {CANDIDATE, "interviewer"}


def _rule(roles: set[str], statuses: set[Status]) -> Rule:
    return Rule(frozenset(roles), frozenset(statuses))


TABLE: dict[type[Command], Rule] = {
    UpdateContact: _rule({CANDIDATE, *_COMPANY}, _LIVE),
    OfferSlots: _rule(_COMPANY, _LOOKING),
    RequestAvailability: _rule(_COMPANY, {_S.NEEDS_SCHEDULING, *_OFFERED}),
    SubmitAvailability: _rule({CANDIDATE, *_COMPANY}, {_S.NEEDS_SCHEDULING, *_OFFERED}),
    ChooseSlot: _rule({CANDIDATE, *_COMPANY}, {*_ASKED, _S.SCHEDULED}),
    ProposeOtherTime: _rule({*_PEOPLE, *_COMPANY}, {*_ASKED, _S.SCHEDULED}),
    DeclineOffer: _rule({CANDIDATE, *_COMPANY}, _ASKED),
    BookSlot: _rule(_COMPANY, _LOOKING),
    RespondToSeat: _rule({"interviewer", *_COMPANY}, {*_BOOKED, _S.AWAITING_INTERVIEWERS}),
    ReplaceInterviewer: _rule(_COMPANY, _BEFORE),
    AddSeat: _rule(_COMPANY, _BEFORE),
    RemoveSeat: _rule(_COMPANY, _BEFORE),
    DeclareConflict: _rule({*_PEOPLE, *_COMPANY}, _BEFORE),
    Reschedule: _rule({"interviewer", *_COMPANY}, _BOOKED),
    RequestReschedule: _rule({*_PEOPLE, *_COMPANY}, {_S.SCHEDULED, _S.NO_SHOW_REVIEW}),
    GrantApproval: _rule({"coordinator"}, {_S.SCHEDULED}),
    DenyApproval: _rule({"coordinator"}, {_S.SCHEDULED}),
    AnswerInvitation: _rule({CANDIDATE, *_COMPANY}, _BOOKED),
    RestoreEvent: _rule(_COMPANY, _BOOKED),
    PutOnHold: _rule({"decision_maker", "operator", *_COMPANY}, _BEFORE),
    Resume: _rule({"decision_maker", "operator", *_COMPANY}, {_S.ON_HOLD}),
    Cancel: _rule({CANDIDATE, "decision_maker", "operator", *_COMPANY}, _NOT_YET),
    Withdraw: _rule({CANDIDATE, *_COMPANY}, {*_NOT_YET, _S.NO_SHOW_REVIEW, *_FORMS, _S.FOLLOW_UP}),
    StartSession: _rule({"interviewer", *_COMPANY}, {_S.SCHEDULED}),
    EndSession: _rule({"interviewer", *_COMPANY}, {_S.IN_PROGRESS}),
    AbortSession: _rule({*_PEOPLE, *_COMPANY}, {_S.IN_PROGRESS}),
    MarkAttendance: _rule({"interviewer", *_COMPANY}, {_S.SCHEDULED, _S.IN_PROGRESS, _S.NO_SHOW_REVIEW}),
    ReportNoShow: _rule({*_PEOPLE, *_COMPANY}, {_S.SCHEDULED}),
    ContestNoShow: _rule(_PEOPLE, {_S.NO_SHOW_REVIEW}),
    RuleNoShow: _rule({"coordinator"}, {_S.NO_SHOW_REVIEW, _S.AWAITING_EVALUATIONS}),
    WaitLonger: _rule({*_PEOPLE, *_COMPANY}, {_S.SCHEDULED, _S.NO_SHOW_REVIEW}),
    GoOnWithThoseHere: _rule({*_PEOPLE, *_COMPANY}, {_S.SCHEDULED, _S.NO_SHOW_REVIEW}),
    SayItDidNotTakePlace: _rule(_PEOPLE, {_S.AWAITING_EVALUATIONS}),
    NoteMoment: _rule(_PEOPLE, {_S.IN_PROGRESS, _S.AWAITING_EVALUATIONS}),
    AskQuestion: _rule({CANDIDATE}, {_S.SCHEDULED, _S.IN_PROGRESS, *_AFTER}),
    AnswerQuestion: _rule({"coordinator"}, _LIVE),
    MarkAddressed: _rule({CANDIDATE}, _LIVE),
    RequestAdjustment: _rule({CANDIDATE}, _NOT_YET),
    ArrangeAdjustment: _rule({"coordinator"}, {*_NOT_YET, _S.NO_SHOW_REVIEW}),
    ShareExpectations: _rule(_PEOPLE, _NOT_YET),
    SubmitEvaluation: _rule(_PEOPLE, {*_FORMS, _S.CANCELLED}),  # a late cancel by the company leaves one form open
    ExcuseEvaluation: _rule({"interviewer", "coordinator", "decision_maker"}, {_S.AWAITING_EVALUATIONS}),
    ExtendDeadline: _rule({"coordinator"}, {_S.AWAITING_EVALUATIONS}),
    ConfirmPractice: _rule(_PEOPLE, {*_NOT_YET, _S.IN_PROGRESS, *_FORMS}),
    AddAddendum: _rule(_PEOPLE, {_S.AWAITING_DECISION, *_RELEASED}),
    RecordDecision: _rule({"decision_maker", "coordinator"}, {*_FORMS, _S.FOLLOW_UP}),
    ReviewFeedback: _rule({"reviewer"}, _RELEASED),
    WithholdItem: _rule({"reviewer"}, _RELEASED),
    OpenFeedback: _rule({CANDIDATE}, _RELEASED),
    OpenDispute: _rule(_PEOPLE, _RELEASED),
    RuleDispute: _rule({"ruler"}, _RELEASED),
    SubmitReflection: _rule(_PEOPLE, _RELEASED),
    CheckGrowth: _rule(_PEOPLE, _RELEASED),
    RecordOutcome: _rule({CANDIDATE, "coordinator", "decision_maker", "backend"}, _RELEASED),
    MailReport: _rule(_PEOPLE, _RELEASED),
    ReportConduct: _rule(_PEOPLE, set(Status)),  # when it is over is when people report
    GiveConsent: _rule({CANDIDATE}, _LIVE),
    RevokeConsent: _rule({CANDIDATE}, _LIVE),
    ResendMessage: _rule({"coordinator", "operator", "backend"}, _LIVE),
    ClearAttention: _rule({"coordinator", "operator", "backend"}, set(Status)),
}


def role_of(actor: str) -> str:
    return "interviewer" if actor.startswith("i") and actor[1:].isdigit() else actor


def check(command: Command, interview: "Interview") -> None:
    """Refuse what the table does not allow; whether the payload fits is the lifecycle module's business."""
    rule, by, status = TABLE[type(command)], command.by, interview.status
    if role_of(by) in ("interviewer", CANDIDATE) and not _takes_part(command, interview):
        raise Refused(Code.NOT_PARTICIPANT, f"by: {by} does not take part in this interview")
    if role_of(by) not in rule.roles:
        allowed = ", ".join(sorted(rule.roles))
        raise Refused(Code.NOT_AUTHORIZED, f"by: {command.kind} is for {allowed}, not for {role_of(by)}")
    if status is Status.ON_HOLD and status not in rule.statuses:
        raise Refused(Code.ON_HOLD, f"{command.kind} must wait: the interview is on hold; resume it first")
    if status not in rule.statuses:
        fits = ", ".join(sorted(rule.statuses))
        sentence = f"{command.kind} does not fit while the interview is {status}; it fits in {fits}"
        raise Refused(Code.INVALID_STATE, sentence)


def _takes_part(command: Command, interview: "Interview") -> bool:
    """Whoever was on the panel once can still say how somebody behaved."""
    left = any(member.who == command.by for member in interview.people.left)
    return command.by in interview.people or (left and isinstance(command, ReportConduct))
