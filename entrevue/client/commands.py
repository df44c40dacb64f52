"""A method a command: of its name, with its fields as words."""

from abc import ABC, abstractmethod
from typing import Literal

from entrevue.answers import AnswerInvitation
from entrevue.attendance import Party
from entrevue.changes import (
    Cancel,
    DenyApproval,
    GrantApproval,
    PutOnHold,
    RequestReschedule,
    Reschedule,
    Resume,
    Withdraw,
)
from entrevue.contract import Receipt, read
from entrevue.disputes import Disputed, OpenDispute, RuleDispute, Ruling
from entrevue.drift import RestoreEvent
from entrevue.effects import ClearAttention, LetterKind, ResendMessage
from entrevue.evaluation import (
    AddAddendum,
    ConfirmPractice,
    ExcuseEvaluation,
    ExtendDeadline,
    ShareExpectations,
    SubmitEvaluation,
)
from entrevue.feedback import Decided, Item, OpenFeedback, RecordDecision, ReviewFeedback, Told, Withheld, WithholdItem
from entrevue.follow_up import Acted, CheckGrowth, Helped, MailReport, RecordOutcome, SubmitReflection
from entrevue.negotiation import (
    BookSlot,
    ChooseSlot,
    DeclineOffer,
    OfferSlots,
    ProposeOtherTime,
    RequestAvailability,
    SubmitAvailability,
)
from entrevue.orders import Window
from entrevue.people import UpdateContact
from entrevue.permissions import Command
from entrevue.privacy import GiveConsent, Layer, RevokeConsent
from entrevue.rubrics import CandidateForm, Score, Scorecard
from entrevue.seats import AddSeat, DeclareConflict, RemoveSeat, ReplaceInterviewer, RespondToSeat
from entrevue.session import (
    AbortSession,
    ContestNoShow,
    EndSession,
    GoOnWithThoseHere,
    MarkAttendance,
    ReportNoShow,
    RuleNoShow,
    SayItDidNotTakePlace,
    StartSession,
    WaitLonger,
)
from entrevue.values import (
    CANDIDATE,
    Actor,
    DirectoryId,
    EmailAddress,
    Instant,
    Line,
    Name,
    PoolName,
    SeatRole,
    Text,
    Who,
    ZoneName,
)
from entrevue.voices import (
    AnswerQuestion,
    ArrangeAdjustment,
    AskQuestion,
    MarkAddressed,
    NoteMoment,
    ReportConduct,
    RequestAdjustment,
)
from entrevue.walltime import WallTime, instants


class Commands(ABC):
    """Each command is a method of its name; its words are the command's fields.

    A command may be repeated with the same `key`: it is applied once and answered alike. Without a key it gets a fresh
    one. Each may raise `Refused`, `UnknownInterview` and `NoAnswerYet`. Who may send what, and when: docs/commands.md.
    Where a time is asked for, an aware datetime will do or a `WallTime`: one that never is, or is twice, is refused
    with both of its neighbours (`UnclearTime`).
    """

    @abstractmethod
    async def send(self, command: Command, *, key: str | None = None) -> Receipt:
        """Send a command; all the methods below end here."""

    async def _command(self, model: type[Command], key: str | None, **fields: object) -> Receipt:
        return await self.send(read(model, {name: instants(field, name) for name, field in fields.items()}), key=key)

    # --- people

    async def update_contact(
        self,
        *,
        by: Actor,
        email: EmailAddress | None = None,
        name: Name | None = None,
        zone: ZoneName | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Correct how the candidate is reached; letters that bounced are sent again to the new address."""
        return await self._command(UpdateContact, key, by=by, email=email, name=name, zone=zone)

    # --- scheduling

    async def offer_slots(
        self, *, by: Actor, slots: tuple[Instant | WallTime, ...] = (), hold: bool = False, key: str | None = None
    ) -> Receipt:
        """Offer these starts to the candidate; without any, search for some again. Of one, `hold` waits for a claim."""
        return await self._command(OfferSlots, key, by=by, slots=slots, hold=hold)

    async def request_availability(self, *, by: Actor, key: str | None = None) -> Receipt:
        """Ask the candidate when they are free, instead of making an offer."""
        return await self._command(RequestAvailability, key, by=by)

    async def submit_availability(self, *, by: Actor, windows: tuple[Window, ...], key: str | None = None) -> Receipt:
        """Say when the candidate is free. The first time that fits everybody is booked; follow it by `view`."""
        return await self._command(SubmitAvailability, key, by=by, windows=windows)

    async def propose_other_time(
        self,
        *,
        by: Actor,
        start: Instant | WallTime,
        expected_revision: int,
        reason: Line | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Would rather meet then. Waits until the time is held for the other side's answer."""
        return await self._command(
            ProposeOtherTime, key, by=by, start=start, expected_revision=expected_revision, reason=reason
        )

    async def choose_slot(
        self, *, by: Actor, start: Instant | WallTime, expected_revision: int | None = None, key: str | None = None
    ) -> Receipt:
        """Pick one of the offered slots. Waits until the time is claimed, or refuses with `slot_unavailable`."""
        return await self._command(ChooseSlot, key, by=by, start=start, expected_revision=expected_revision)

    async def decline_offer(
        self, *, by: Actor, reason: Line | None = None, expected_revision: int | None = None, key: str | None = None
    ) -> Receipt:
        """None of these times; the process goes on with fresh ones."""
        return await self._command(DeclineOffer, key, by=by, reason=reason, expected_revision=expected_revision)

    async def book_slot(
        self,
        *,
        by: Actor,
        start: Instant | WallTime,
        overload: bool = False,
        expected_revision: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Book a time that was agreed elsewhere. Waits until it is claimed."""
        return await self._command(
            BookSlot, key, by=by, start=start, overload=overload, expected_revision=expected_revision
        )

    async def reschedule(
        self,
        *,
        by: Actor,
        start: Instant | WallTime,
        reason: Line | None = None,
        overload: bool = False,
        expected_revision: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Move a booked interview to this time. Waits until it is claimed; the old time is kept until then."""
        return await self._command(
            Reschedule,
            key,
            by=by,
            start=start,
            reason=reason,
            overload=overload,
            expected_revision=expected_revision,
        )

    async def request_reschedule(
        self,
        *,
        by: Actor,
        mode: Literal["swap", "vacate"] = "swap",
        reason: Line | None = None,
        expected_revision: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Ask for another time. `swap` keeps the booked time until a new one is found, `vacate` gives it up now.

        Where the coordinator must decide, the receipt's `outcome` is `pending_approval`.
        After a no-show: the absent side admits it, or the candidate whom the company let down does not wait any more.
        """
        return await self._command(
            RequestReschedule, key, by=by, mode=mode, reason=reason, expected_revision=expected_revision
        )

    async def grant_approval(self, *, by: Actor = "coordinator", key: str | None = None) -> Receipt:
        """Let the change happen that waits for it. A given time is claimed first."""
        return await self._command(GrantApproval, key, by=by)

    async def deny_approval(
        self, *, by: Actor = "coordinator", reason: Line | None = None, key: str | None = None
    ) -> Receipt:
        """The booked time stands; whoever asked is told."""
        return await self._command(DenyApproval, key, by=by, reason=reason)

    async def answer_invitation(
        self,
        *,
        by: Actor,
        answer: Literal["accepted", "tentative", "declined"],
        reason: Line | None = None,
        expected_revision: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Say whether the candidate can come at the booked time. A no gives it up within a day if they choose nothing.

        A no of their own is not asked about by mail: offer another time, or to withdraw, where it is said.
        """
        return await self._command(
            AnswerInvitation, key, by=by, answer=answer, reason=reason, expected_revision=expected_revision
        )

    async def restore_event(self, *, by: Actor, whom: Who, key: str | None = None) -> Receipt:
        """Put the booked time back into somebody's calendar, whatever they did to it; they are told."""
        return await self._command(RestoreEvent, key, by=by, whom=whom)

    async def put_on_hold(self, *, by: Actor, reason: Line | None = None, key: str | None = None) -> Receipt:
        """Pause before the session: clocks stand still, a booked time is kept."""
        return await self._command(PutOnHold, key, by=by, reason=reason)

    async def resume(self, *, by: Actor, key: str | None = None) -> Receipt:
        """Go on, with the time that clocks had left."""
        return await self._command(Resume, key, by=by)

    async def cancel(
        self, *, by: Actor, reason: Line | None = None, expected_revision: int | None = None, key: str | None = None
    ) -> Receipt:
        """End the interview before its session. Late, a reason is due to the other side."""
        return await self._command(Cancel, key, by=by, reason=reason, expected_revision=expected_revision)

    async def withdraw(self, *, by: Actor, reason: Line | None = None, key: str | None = None) -> Receipt:
        """The candidate leaves the process. After the session the evaluation goes on without hiring."""
        return await self._command(Withdraw, key, by=by, reason=reason)

    # --- the panel

    async def respond_to_seat(
        self,
        *,
        by: Actor,
        answer: Literal["accepted", "tentative", "declined"],
        whom: Who | None = None,
        reason: Line | None = None,
        expected_revision: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Accept or decline the time for one's seat; who declines is replaced where that is possible."""
        return await self._command(
            RespondToSeat,
            key,
            by=by,
            answer=answer,
            whom=whom,
            reason=reason,
            expected_revision=expected_revision,
        )

    async def replace_interviewer(
        self,
        *,
        by: Actor,
        whom: Who | None = None,
        seat: int | None = None,
        person: DirectoryId | None = None,
        overload: bool = False,
        key: str | None = None,
    ) -> Receipt:
        """Let `person`, or whoever of the seat's pool is free, sit there. Waits until their time is claimed."""
        return await self._command(
            ReplaceInterviewer, key, by=by, whom=whom, seat=seat, person=person, overload=overload
        )

    async def add_seat(
        self,
        *,
        by: Actor,
        person: DirectoryId | None = None,
        pool: PoolName | None = None,
        role: SeatRole = SeatRole.REQUIRED,
        overload: bool = False,
        key: str | None = None,
    ) -> Receipt:
        """Ask one more person to the panel, or somebody of a pool. Waits until their time is claimed."""
        return await self._command(AddSeat, key, by=by, person=person, pool=pool, role=role, overload=overload)

    async def remove_seat(
        self, *, by: Actor, whom: Who | None = None, seat: int | None = None, key: str | None = None
    ) -> Receipt:
        """Go on with one seat less."""
        return await self._command(RemoveSeat, key, by=by, whom=whom, seat=seat)

    async def declare_conflict(
        self, *, by: Actor, whom: Who, reason: Line | None = None, key: str | None = None
    ) -> Receipt:
        """This interviewer and this candidate should not meet. The reason is read by the coordinator alone."""
        return await self._command(DeclareConflict, key, by=by, whom=whom, reason=reason)

    # --- the session

    async def start_session(self, *, by: Actor, key: str | None = None) -> Receipt:
        """The meeting begins; one hour before its booked time at the earliest."""
        return await self._command(StartSession, key, by=by)

    async def end_session(self, *, by: Actor, key: str | None = None) -> Receipt:
        """The meeting is over: both sides get their forms. Within five minutes it counts as aborted."""
        return await self._command(EndSession, key, by=by)

    async def abort_session(self, *, by: Actor, reason: Text, key: str | None = None) -> Receipt:
        """It broke off for technical reasons; a new time is looked for, at nobody's cost."""
        return await self._command(AbortSession, key, by=by, reason=reason)

    async def mark_attendance(self, *, by: Actor, who: Who, present: bool, key: str | None = None) -> Receipt:
        """Say whether somebody was there. A person's word weighs more than the meeting's own records."""
        return await self._command(MarkAttendance, key, by=by, who=who, present=present)

    async def report_no_show(self, *, by: Actor, party: Party, key: str | None = None) -> Receipt:
        """Somebody did not come. Provisional: the absent side may contest it."""
        return await self._command(ReportNoShow, key, by=by, party=party)

    async def contest_no_show(self, *, by: Actor, reason: Text, key: str | None = None) -> Receipt:
        """Object to being called absent; the coordinator rules."""
        return await self._command(ContestNoShow, key, by=by, reason=reason)

    async def rule_no_show(
        self, *, upheld: bool, took_place: bool = False, by: Actor = "coordinator", key: str | None = None
    ) -> Receipt:
        """Uphold the contest (then say whether the session took place), or dismiss it.

        Of a session that was presumed held: uphold that it did not take place, or dismiss it.
        """
        return await self._command(RuleNoShow, key, by=by, upheld=upheld, took_place=took_place)

    async def wait_longer(self, *, by: Actor, minutes: int = 15, key: str | None = None) -> Receipt:
        """Give those who are missing more time, until the planned end at most; also when they are given up already."""
        return await self._command(WaitLonger, key, by=by, minutes=minutes)

    async def go_on_with_those_here(self, *, by: Actor, key: str | None = None) -> Receipt:
        """Begin though somebody is missing: the candidate and at least one interviewer are there."""
        return await self._command(GoOnWithThoseHere, key, by=by)

    async def say_it_did_not_take_place(self, *, by: Actor, key: str | None = None) -> Receipt:
        """Nobody recorded the session, so it was presumed held; it was not. The other side may object."""
        return await self._command(SayItDidNotTakePlace, key, by=by)

    # --- voices

    async def note_moment(self, *, by: Actor, text: Text, key: str | None = None) -> Receipt:
        """Note what mattered, in private; usable as evidence later, for the author's eyes only."""
        return await self._command(NoteMoment, key, by=by, text=text)

    async def ask_question(
        self, *, text: Text, show_interviewers: bool = False, by: Actor = CANDIDATE, key: str | None = None
    ) -> Receipt:
        """Ask what is still open. It goes to the coordinator at once, outside the gates."""
        return await self._command(AskQuestion, key, by=by, text=text, show_interviewers=show_interviewers)

    async def answer_question(
        self, *, question: int, text: Text, by: Actor = "coordinator", key: str | None = None
    ) -> Receipt:
        """Answer an open question of the candidate's."""
        return await self._command(AnswerQuestion, key, by=by, question=question, text=text)

    async def mark_addressed(self, *, question: int, by: Actor = CANDIDATE, key: str | None = None) -> Receipt:
        """Say that the answer answers: only the asker knows."""
        return await self._command(MarkAddressed, key, by=by, question=question)

    async def request_adjustment(self, *, text: Text, by: Actor = CANDIDATE, key: str | None = None) -> Receipt:
        """Ask for what you need to be on equal terms. The coordinator reads it, and nobody else."""
        return await self._command(RequestAdjustment, key, by=by, text=text)

    async def arrange_adjustment(
        self,
        *,
        adjustment: int,
        instruction: Text,
        text: Text | None = None,
        by: Actor = "coordinator",
        key: str | None = None,
    ) -> Receipt:
        """Say what was arranged: what the interviewers shall see to, and what the candidate should know."""
        return await self._command(
            ArrangeAdjustment, key, by=by, adjustment=adjustment, instruction=instruction, text=text
        )

    async def report_conduct(self, *, by: Actor, text: Text, key: str | None = None) -> Receipt:
        """Tell a named person off the panel how somebody behaved; at any time, read by nobody else."""
        return await self._command(ReportConduct, key, by=by, text=text)

    # --- evaluation

    async def share_expectations(
        self,
        *,
        by: Actor,
        for_other_side: Line | None = None,
        private: Text | None = None,
        confidence: Score | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Before the session: one line for the other side, one private line. The latest version holds."""
        return await self._command(
            ShareExpectations, key, by=by, for_other_side=for_other_side, private=private, confidence=confidence
        )

    async def submit_evaluation(self, *, by: Actor, form: Scorecard | CandidateForm, key: str | None = None) -> Receipt:
        """Hand in your form, or a new version of it while it is not locked."""
        return await self._command(SubmitEvaluation, key, by=by, form=form)

    async def excuse_evaluation(self, *, by: Actor, whom: Who, reason: Line, key: str | None = None) -> Receipt:
        """Release somebody from their form, with a reason."""
        return await self._command(ExcuseEvaluation, key, by=by, whom=whom, reason=reason)

    async def extend_deadline(
        self, *, until: Instant | WallTime, whom: Who | None = None, by: Actor = "coordinator", key: str | None = None
    ) -> Receipt:
        """Give more time for a form, or for all that are open; never less."""
        return await self._command(ExtendDeadline, key, by=by, whom=whom, until=until)

    async def add_addendum(self, *, by: Actor, text: Text, key: str | None = None) -> Receipt:
        """Add to your own form what came to light after it was locked; the form itself stays as it is."""
        return await self._command(AddAddendum, key, by=by, text=text)

    async def confirm_practice(self, *, by: Actor, key: str | None = None) -> Receipt:
        """Say that this is practice, and no hiring is decided by it."""
        return await self._command(ConfirmPractice, key, by=by)

    # --- decision and feedback

    async def record_decision(
        self, *, by: Actor, outcome: Decided, process_over: bool, told: Told | None = None, key: str | None = None
    ) -> Receipt:
        """Record what was decided. Gate 2 opens when the process is over *and* the candidate was told by a person."""
        return await self._command(RecordDecision, key, by=by, outcome=outcome, process_over=process_over, told=told)

    async def review_feedback(
        self,
        *,
        approved: tuple[Item, ...],
        withheld: tuple[Withheld, ...] = (),
        next_step: Line | None = None,
        reviewed_by: DirectoryId | None = None,
        by: Actor = "reviewer",
        key: str | None = None,
    ) -> Receipt:
        """A person has read what the panel would share: these items go to the candidate, with one next step.

        Every item is approved, or withheld with a reason.
        """
        return await self._command(
            ReviewFeedback,
            key,
            by=by,
            approved=approved,
            withheld=withheld,
            next_step=next_step,
            reviewed_by=reviewed_by,
        )

    async def withhold_item(
        self, *, item: Item, reason: Line, by: Actor = "reviewer", key: str | None = None
    ) -> Receipt:
        """Take back an approved item that the candidate has not opened yet."""
        return await self._command(WithholdItem, key, by=by, item=item, reason=reason)

    async def open_feedback(self, *, by: Actor = CANDIDATE, key: str | None = None) -> Receipt:
        """The candidate chooses to read it."""
        return await self._command(OpenFeedback, key, by=by)

    async def submit_reflection(
        self, *, by: Actor, text: Text, will_try: Line | None = None, key: str | None = None
    ) -> Receipt:
        """Write down what you take from this interview; private."""
        return await self._command(SubmitReflection, key, by=by, text=text, will_try=will_try)

    async def check_growth(
        self,
        *,
        by: Actor,
        acted: Acted,
        helped: Helped | None = None,
        note: Line | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Say whether you acted on it, and whether it helped."""
        return await self._command(CheckGrowth, key, by=by, acted=acted, helped=helped, note=note)

    async def record_outcome(
        self, *, by: Actor, joined: bool, preview_honest: Score | None = None, key: str | None = None
    ) -> Receipt:
        """Say what became of it; the candidate who joined, also whether the preview was honest."""
        return await self._command(RecordOutcome, key, by=by, joined=joined, preview_honest=preview_honest)

    async def mail_report(self, *, by: Actor, key: str | None = None) -> Receipt:
        """Send me my own report by mail, as a document to keep."""
        return await self._command(MailReport, key, by=by)

    async def open_dispute(
        self,
        *,
        by: Actor,
        reason: Text,
        sentence: int | None = None,
        item: Disputed | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Object to a sentence about you that you were shown. It is frozen until it is ruled on.

        The candidate gives its number, an interviewer the item.
        """
        return await self._command(OpenDispute, key, by=by, item=item, sentence=sentence, reason=reason)

    async def rule_dispute(
        self,
        *,
        dispute: int,
        ruling: Ruling,
        ruled_by: DirectoryId,
        reason: Text,
        text: Line | None = None,
        by: Actor = "ruler",
        key: str | None = None,
    ) -> Receipt:
        """Rule, as somebody who was not on the panel."""
        return await self._command(
            RuleDispute, key, by=by, dispute=dispute, ruling=ruling, ruled_by=ruled_by, reason=reason, text=text
        )

    # --- privacy

    async def give_consent(self, *, layer: Layer, by: Actor = CANDIDATE, key: str | None = None) -> Receipt:
        """Agree to reviewed feedback, or to being reminded of reflection and growth."""
        return await self._command(GiveConsent, key, by=by, layer=layer)

    async def revoke_consent(self, *, layer: Layer, by: Actor = CANDIDATE, key: str | None = None) -> Receipt:
        """Take an agreement back; what it covered is withheld, the rest goes on."""
        return await self._command(RevokeConsent, key, by=by, layer=layer)

    # --- repair

    async def resend_message(self, *, by: Actor, letter: LetterKind, whom: Who, key: str | None = None) -> Receipt:
        """Send somebody the newest letter of this kind once more."""
        return await self._command(ResendMessage, key, by=by, letter=letter, whom=whom)

    async def clear_attention(self, *, by: Actor, item: str, key: str | None = None) -> Receipt:
        """Say that the cause of an attention item was mended: what came to nothing is tried again."""
        return await self._command(ClearAttention, key, by=by, item=item)
