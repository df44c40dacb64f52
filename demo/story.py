"""Scene one: an interview of forty minutes in which both sides learn, from the request to the last look back."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from demo.embedded import ROOT, Servers
from demo.playing import Playing, awake
from demo.telling import Telling, city, in_zones, words
from demo.watching import Watching, Written
from entrevue.feedback import Item, Told, Withheld
from entrevue.letters import Brief
from entrevue.report import Report
from entrevue.request import InterviewRequest
from entrevue.rubrics import Behaviour, CandidateForm, Competency, Rating, Scorecard, SelfPart
from entrevue.values import Refused, Slot, Status

REQUEST = ROOT / "docs" / "examples" / "panel.json"

EXPECTED = {
    "candidate": Counter(
        offer=1,
        invitation=1,
        day_reminder=1,
        hour_reminder=1,
        form_request=1,
        feedback_available=1,
        reflection_request=1,
        growth_request=1,
    ),
    "i1": Counter(invitation=1, hour_reminder=1, form_request=1),
    "i2": Counter(invitation=1, hour_reminder=1, form_request=1),
}
"""The letters of this scene; the last two to the candidate because she asked to be reminded."""

GRACES_FORM = Scorecard(
    ratings=(
        Rating(competency=Competency.EXPERTISE, score=4, evidence="explained two ways to shard, and when each fails"),
        Rating(competency=Competency.WORK_ETHIC, score=4, evidence="told how she found and reported her own mistake"),
        Rating(competency=Competency.COMMUNICATION, score=3, evidence="answered before the question was finished"),
    ),
    recommendation="no",
    strength="named the trade-offs before she chose",
    strength_in=Competency.EXPERTISE,
    growth="say which assumption an answer rests on",
    growth_in=Competency.COMMUNICATION,
    private_note="would meet her again for the storage team",
    own=SelfPart(
        expectations="met",
        went_well="left her ten minutes for her own story",
        went_well_in=Behaviour.TIME,
        differently="show the failing system first, then ask",
        differently_in=Behaviour.QUESTIONS,
        confidence=4,
    ),
)
LINUS_FORM = Scorecard(
    ratings=(
        Rating(competency=Competency.EXPERTISE, score=3, evidence="knew the index, not yet its cost on writes"),
        Rating(competency=Competency.WORK_ETHIC),
        Rating(competency=Competency.COMMUNICATION, score=5, evidence="asked what success looks like after a year"),
    ),
    recommendation="no",
    strength="asked what success looks like after a year",
    strength_in=Competency.COMMUNICATION,
    growth="try the idea on a small example before trusting it",
    own=SelfPart(expectations="missed", went_well="the example from our own code", differently="talk less"),
)
ADAS_FORM = CandidateForm(
    overall=4,
    role_clear=4,
    prepared=5,
    listened=4,
    respectful=5,
    heard=4,
    helped="you told me what the first month looks like",
    helped_in=Behaviour.CLARITY,
    change="send the problem a day ahead, I think better on paper",
    change_in=Behaviour.PREPARATION,
    recommend=9,
    about="i1",
    share="attributed",
    own=SelfPart(
        expectations="surpassed",
        went_well="my own story, for once in the right order",
        went_well_in=Competency.COMMUNICATION,
        differently="ask about the team before the end",
        differently_in=Competency.COMMUNICATION,
        confidence=4,
    ),
)


_ADAS_LINE = "how you decide, and what a first month here is like"
_ADAS_FEAR = "I fear the quiz; I bring five years of keeping other people's data safe"
_GRACES_LINE = "I will ask how you weigh trade-offs in storage; take home what we do when it fails"
_LINUS_LINE = "bring a problem you are proud of"
_NEXT_STEP = "write one design note a month, for a reader who doubts"
_ADAS_LOOK_BACK = "I answer too fast when I am afraid"
_GRACES_LOOK_BACK = "The best minutes were hers, not mine"
_TO_TRY = "send the problem a day ahead"

_TEXTS = (
    Written("candidate", "her line for the panel", _ADAS_LINE),
    Written("candidate", "what she expects, in private", _ADAS_FEAR),
    Written("i1", "her line for Ada", _GRACES_LINE),
    Written("i1", "a moment she jotted down", "she drew the failure first, then the fix"),
    Written("i1", "the evidence of a rating", str(GRACES_FORM.ratings[0].evidence)),
    Written("i1", "a strength, shareable", str(GRACES_FORM.strength)),
    Written("i1", "a growth point, shareable", str(GRACES_FORM.growth)),
    Written("i1", "her private note", str(GRACES_FORM.private_note)),
    Written("i2", "a growth point, withheld", str(LINUS_FORM.growth)),
    Written("candidate", "what helped her", str(ADAS_FORM.helped)),
    Written("candidate", "what should change", str(ADAS_FORM.change)),
    Written("candidate", "what she would do differently", str(ADAS_FORM.own.differently)),
    Written("candidate", "what she takes home", _ADAS_LOOK_BACK),
)


async def play(servers: Servers, telling: Telling) -> "Story":
    """Act everybody, through the public client only, until all have looked back."""
    telling.title("Scene one: forty minutes in which both sides learn")
    request = InterviewRequest.model_validate(json.loads(REQUEST.read_text(encoding="utf-8")))
    scene = await Playing.begin(servers, telling, request)
    watching = Watching(_TEXTS)
    await _request(scene, request)
    slot = await _choose(scene)
    brief = await _expect(scene, slot, watching)
    await _meet(scene, slot)
    await _evaluate(scene, watching)
    told_at = await _decide(scene, watching)
    await _feed_back(scene, told_at, watching)
    await _look_back(scene, request, watching)
    return Story(scene, request, watching, brief)


@dataclass(frozen=True)
class Story:
    """Scene one as it stands when everybody has looked back; whether it helped is asked later."""

    scene: Playing
    request: InterviewRequest
    watching: Watching
    brief: Brief
    """What Grace brought to it from the five before."""


async def _request(scene: Playing, request: InterviewRequest) -> None:
    names = " and ".join(person.first_name for person in scene.panel)
    await scene.tell(
        f"The company's backend asks for interview {scene.handle.id} ({REQUEST.relative_to(ROOT)}): "
        f"{scene.candidate.name} from {city(scene.candidate.zone)} meets {names}, {request.policy.duration} minutes."
    )


# --- a time that suits everyone --------------------------------------------------------------------------------------


async def _choose(scene: Playing) -> Slot:
    view = await scene.until(lambda view: bool(view.offered), "an offer")
    zones = (scene.candidate.zone, *(person.zone for person in scene.panel))
    await scene.tell(
        "The engine has read the calendars and offers times at which everybody is free:",
        *(in_zones(slot.start, zones) for slot in view.offered),
    )
    await _check_that_all_are_free(scene, view.offered)
    await scene.until_all_are_awake()
    await scene.tell_of(await scene.letters("offer", scene.candidate))
    slot = view.offered[-1]
    receipt = await scene.handle.choose_slot(by="candidate", start=slot.start)
    await scene.tell(f"Ada chooses {in_zones(slot.start, zones)}. The interview is {receipt.status}.")
    invitations = await scene.letters("invitation", *scene.people)
    await scene.check_calendars(slot, version=0, when="Booked")
    await scene.tell_of(invitations, lambda letter: ", with an event for her calendar" if letter.calendar else "")
    return slot


async def _check_that_all_are_free(scene: Playing, offered: tuple[Slot, ...]) -> None:
    met = []
    for person in scene.panel:
        diary = scene.servers.diaries[person.login]
        for slot in offered:
            met += await diary.in_the_way(slot.start.astimezone(person.zone), slot.end.astimezone(person.zone))
    scene.check(offered and not met, "No offered time meets anything in a calendar", met)


# --- before ----------------------------------------------------------------------------------------------------------


async def _expect(scene: Playing, slot: Slot, watching: Watching) -> Brief:
    """Both sides come with expectations: a line for the other side, and a private one."""
    handle = scene.handle
    await handle.share_expectations(
        by="candidate",
        for_other_side=_ADAS_LINE,
        private=_ADAS_FEAR,
        confidence=2,
    )
    await handle.share_expectations(
        by="i1",
        for_other_side=_GRACES_LINE,
        private="hear how she works, and be on time",
        confidence=3,
    )
    await handle.share_expectations(by="i2", for_other_side=_LINUS_LINE, private="a clear yes or no")
    await handle.give_consent(layer="feedback")
    await handle.give_consent(layer="reminders")
    await scene.tell(
        "Everyone writes down what they expect: one line for the other side, one for their own eyes. "
        "Ada also asks for feedback, however it ends, and to be reminded."
    )
    await scene.pass_time(awake(slot.start - timedelta(hours=24), scene.candidate.zone), "it is the day before")
    (reminder,) = await scene.letters("day_reminder", scene.candidate)
    await watching.look(scene)
    await scene.tell_of([reminder])
    seen = await handle.view("candidate")
    await scene.tell("What the panel wrote for Ada:", *(f"{one.name}: “{one.text}”" for one in seen.written_for_you))
    told = {one.text for one in seen.written_for_you}
    scene.check(
        len(told) == len(scene.panel) and all(line in " ".join(reminder.text.split()) for line in told),
        "Ada reads, a day ahead, what each interviewer wrote for her, on her page and in her mail",
        told,
    )
    await scene.pass_time(slot.start - timedelta(hours=1), "it is an hour before")
    reminders = await scene.letters("hour_reminder", *scene.people)
    await scene.tell("An hour ahead, everyone is reminded; interviewers with their scale and Ada's line:")
    await scene.tell_of(reminders)
    await watching.look(scene)
    scene.check(
        all(_ADAS_LINE in " ".join(letter.text.split()) for letter in reminders[1:]),
        "The interviewers read, an hour ahead, what Ada wrote for them",
    )
    brief = (await handle.view("i1")).brief
    if brief is None:
        raise AssertionError("Grace has no brief")
    text = " ".join(reminders[1].text.split())
    await scene.tell("Grace's reminder brings what earlier candidates told her:", *(f"“{one}”" for one in brief.said))
    scene.check(
        brief.enough and brief.said and all(one in text for one in brief.said),
        "Grace's reminder carries sentences of earlier candidates, who ticked them",
        text,
    )
    return brief


# --- the session -----------------------------------------------------------------------------------------------------


async def _meet(scene: Playing, slot: Slot) -> None:
    handle = scene.handle
    await scene.pass_time(slot.start, "it is time")
    await handle.start_session(by="i1")
    await scene.tell("They meet. What was expected is sealed from here on.")
    await handle.note_moment(by="i1", text="she drew the failure first, then the fix")
    await handle.note_moment(by="i2", text="asked what success looks like after a year")
    await scene.tell("Grace and Linus jot down moments, each for their own eyes.")
    await scene.pass_time(slot.end, "they talk")
    await handle.end_session(by="i1")
    await scene.tell(f"They part after {slot.minutes} minutes.")
    await handle.ask_question(text="Is the role hybrid?")
    await handle.answer_question(question=1, text="Two days a week at the office; you choose which.")
    await handle.mark_addressed(question=1)
    (question,) = (await handle.view("candidate")).questions
    await scene.tell(
        "Ada has a question left. The coordinator answers at once, and Ada marks it addressed:",
        f"“{question.text}” – “{question.answer}”",
    )
    scene.check(question.addressed, "Ada's open question was answered, and she says that it is addressed")


# --- after: forms, decision, feedback --------------------------------------------------------------------------------


async def _evaluate(scene: Playing, watching: Watching) -> None:
    handle = scene.handle
    await scene.tell_of(await scene.letters("form_request", *scene.people))
    await handle.submit_evaluation(by="i1", form=GRACES_FORM)
    blind = (await handle.view("i2")).scorecards
    await watching.look(scene)
    await handle.submit_evaluation(by="i2", form=LINUS_FORM)
    seen = (await handle.view("i2")).scorecards
    await scene.tell("Grace and Linus hand in their forms; neither saw the other's before their own was in.")
    scene.check(not blind and len(seen) == 1, "No interviewer reads a colleague's form before their own is in")
    receipt = await handle.submit_evaluation(by="candidate", form=ADAS_FORM)
    await scene.tell(f"Ada hands in hers, about the company and the panel. The interview is {receipt.status}.")
    await scene.until(lambda view: view.status is Status.AWAITING_DECISION, "the first gate")
    await watching.look(scene)
    leaked = [who for who in ("i1", "i2") if (await handle.view(who)).from_candidate]
    scene.check(not leaked, "No interviewer reads Ada's form before the process is over and she knows it", leaked)


async def _decide(scene: Playing, watching: Watching) -> datetime:
    handle = scene.handle
    await scene.pass_time(awake(await scene.now() + timedelta(hours=20), scene.candidate.zone), "they sleep on it")
    told = Told(by="Mary Oduya", at=await scene.now(), how="phone")
    await handle.record_decision(by="decision_maker", outcome="reject", process_over=True, told=told)
    view = await scene.until(lambda view: view.status is Status.RELEASED, "the second gate")
    await watching.look(scene)
    await scene.tell(
        f"The answer is no. Mary Oduya rings Ada and tells her; the engine mails no rejections. It is {view.status}: "
        "each side may now read what the other chose to share."
    )
    return told.at


async def _feed_back(scene: Playing, told_at: datetime, watching: Watching) -> None:
    handle = scene.handle
    to_review = (await handle.view("reviewer")).to_review
    approved = tuple(Item(author=one.author, what=one.what) for one in to_review if one.author == "i1")
    withheld = tuple(
        Withheld(item=Item(author=one.author, what=one.what), reason="says the same as Grace's, less clearly")
        for one in to_review
        if one.author != "i1"
    )
    await handle.review_feedback(approved=approved, withheld=withheld, next_step=_NEXT_STEP)
    available = (await handle.view("candidate")).feedback
    if available is None or available.available_at is None:
        raise AssertionError("the reviewed feedback has no date")
    at = available.available_at
    await scene.tell(
        f"A reviewer reads the {len(to_review)} sentences the panel would share, and releases {len(approved)} of them "
        f"with one next step. Ada can read it from {in_zones(at, [scene.candidate.zone])} on, "
        f"{words(at - told_at)} after she was told."
    )
    local = at.astimezone(scene.candidate.zone)
    scene.check(
        at - told_at >= timedelta(hours=48) and local.weekday() < 5,  # noqa: PLR2004 - Saturday
        "Feedback waits 48 hours after the phone call at least, and for a business day",
        at,
    )
    too_early = await _refused_to_open(scene)
    await scene.tell(f"She tries at once, and is refused: “{too_early}”")
    scene.check(too_early is not None, "Feedback cannot be opened earlier")
    await scene.pass_time(at, "a no needs some days to settle")
    await scene.tell_of(await scene.letters("feedback_available", scene.candidate))
    await handle.open_feedback()
    await watching.look(scene)
    opened = (await handle.view("candidate")).feedback
    if opened is None:
        raise AssertionError("the opened feedback is not there")
    await scene.tell(
        "Ada opens it:",
        *(f"strength: {text}" for text in opened.strengths),
        *(f"to grow in: {text}" for text in opened.growth),
        f"next step: {opened.next_step}",
    )
    scene.check(
        (opened.strengths, opened.growth) == ((GRACES_FORM.strength,), (GRACES_FORM.growth,)),
        "Ada reads what was reviewed, and nothing else: no score, no rank",
        opened,
    )


async def _refused_to_open(scene: Playing) -> str | None:
    try:
        await scene.handle.open_feedback()
    except Refused as refused:
        return refused.sentence
    return None


# --- looking back ----------------------------------------------------------------------------------------------------


async def _look_back(scene: Playing, request: InterviewRequest, watching: Watching) -> None:
    handle, released = scene.handle, await scene.happened("feedback_released")
    zone = scene.candidate.zone
    await scene.pass_time(awake(released + request.policy.reflection, zone), "things are clearer from a distance")
    await scene.tell_of(await scene.letters("reflection_request", scene.candidate))
    await handle.submit_reflection(by="candidate", text=_ADAS_LOOK_BACK, will_try="say my assumption aloud first")
    await handle.submit_reflection(by="i1", text=_GRACES_LOOK_BACK, will_try=_TO_TRY)
    await handle.submit_reflection(by="i2", text="I talked more than I listened", will_try="three questions, no more")
    await watching.look(scene)
    await scene.tell(f"All three look back, each for their own eyes. Grace wants to “{_TO_TRY}”.")


async def conclude(told: Story) -> None:
    """A month later: did it help? And what each takes home."""
    scene, request, handle = told.scene, told.request, told.scene.handle
    released = await scene.happened("feedback_released")
    await scene.pass_time(awake(released + request.policy.growth_check, scene.candidate.zone), "and did it help?")
    await scene.tell_of(await scene.letters("growth_request", scene.candidate))
    await handle.check_growth(by="candidate", acted="yes", helped="yes")
    await handle.check_growth(by="i1", acted="partly", helped="yes")
    reports = [(await handle.view(who)).report for who in ("candidate", "i1")]
    kept = await handle.export("candidate")
    await told.watching.look(scene)
    await handle.check_growth(by="i2", acted="yes", helped="too_early")
    ended = await handle.result()
    await scene.tell(f"All three say what became of it. The interview is {ended.status}.")
    await _show(scene, *reports)
    await _show_readers(scene, told.watching)
    document = kept.document or ""
    await scene.tell(f"Ada may keep it all: as JSON, and as a document of {len(document.split())} words.")
    scene.check(
        str(GRACES_FORM.growth) in document and str(GRACES_FORM.private_note) not in document,
        "The document that Ada takes home holds what was released to her, and nothing that was not",
        document,
    )
    scene.check(ended.status is Status.COMPLETED, "Scene one ends COMPLETED", ended.status)
    scene.outcome(f"Scene one: {ended.interview} is {ended.status}. The answer was no, and both sides learned.")


async def _show_readers(scene: Playing, watching: Watching) -> None:
    names = {
        "candidate": "Ada",
        "i1": "Grace",
        "i2": "Linus",
        "decision_maker": "decision maker",
        "reviewer": "reviewer",
        "coordinator": "coordinator",
        "operator": "operator",
    }
    await scene.tell("Who could read what, and from when on (in Berlin's time):")
    scene.two_columns(watching.table(names, ZoneInfo("Europe/Berlin")))
    read = {(one.what, viewer) for one in _TEXTS for viewer in names if watching.first_seen(one.text, viewer)}
    operators = [what for what, viewer in read if viewer == "operator"]
    private = {"what she expects, in private", "a moment she jotted down", "what she takes home"}
    others = [(what, viewer) for what, viewer in read if what in private and viewer not in ("candidate", "i1")]
    scene.check(not operators, "An operator could read nothing that anybody wrote", operators)
    scene.check(not others, "What was private was read by its author alone", others)
    opened = watching.first_seen(str(GRACES_FORM.growth), "candidate")
    scene.check(
        opened is not None and watching.first_seen(str(LINUS_FORM.growth), "candidate") is None,
        "Ada read the growth point that was released, when she opened it, and never the one that was withheld",
        opened,
    )


async def _show(scene: Playing, ada: Report | None, grace: Report | None) -> None:
    """Set the two private reports side by side. In life nobody sees both: each is its owner's alone."""
    if ada is None or grace is None:
        raise AssertionError("a report is missing")
    await scene.tell("What each of them takes home, for their own eyes only; only a demo may show both:")
    scene.side_by_side("Ada", "Grace", list(zip(_ROWS, _column(ada), _column(grace), strict=True)))
    scene.check(
        (ada.my_expectations_were, grace.my_expectations_were) == ("surpassed", "met")
        and ada.they_saw_as_strength == (GRACES_FORM.strength,)
        and grace.they_suggest == (ADAS_FORM.change,),
        "Each report holds what its owner expected, what they found, and what the other side chose to share",
    )
    private = (ADAS_FORM.own.differently, GRACES_FORM.own.differently, GRACES_FORM.private_note)
    crossed = [text for text, other in zip(private, (grace, ada, ada), strict=True) if str(text) in str(other)]
    scene.check(not crossed, "What is private stays with its author", crossed)


_ROWS = (
    "I expected",
    "I told them",
    "they told me",
    "my expectations were",
    "how sure I felt",
    "I did well",
    "I'd do differently",
    "agreed strengths",
    "hidden strengths",
    "known growth points",
    "blind spots",
    "one action",
    "looking back",
    "I will try",
    "did I? did it help?",
)


def _column(report: Report) -> tuple[str, ...]:
    return (
        report.i_expected or "",
        report.i_told_them or "",
        " / ".join(line.text for line in report.they_told_me),
        report.my_expectations_were or "",
        f"{report.confidence_before} before, {report.confidence_after} after",
        report.i_did_well or "",
        report.i_would_do_differently or "",
        " / ".join(report.four_fields.agreed_strengths) or "–",
        " / ".join(report.four_fields.hidden_strengths) or "–",
        " / ".join(report.four_fields.known_growth) or "–",
        " / ".join(report.four_fields.blind_spots) or "–",
        report.suggested_action or "",
        report.reflection or "",
        report.will_try or "",
        f"{report.acted_on_it}, {report.it_helped}",
    )
