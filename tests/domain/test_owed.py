"""Which forms the daily digest is about, and who reads of them."""

from entrevue.owed import open_forms
from tests.domain.scenes import Scene, scorecard
from tests.domain.scenes import open_forms as forms_are_open


def readers(scene: Scene) -> list[tuple[str, str, str | None]]:
    """Give who reads of whose form: the reader's directory id, the number of whoever owes it, their name if another."""
    return [(one.person, one.form.who, one.form.whose) for one in open_forms(scene.interview, scene.now)]


def test_each_reads_of_their_own() -> None:
    assert readers(forms_are_open()) == [("grace", "i1", None), ("linus", "i2", None)]


def test_whoever_leads_reads_of_what_is_late_by_two_days_and_nobody_else_does() -> None:
    scene = forms_are_open()
    scene.wait(hours=47, minutes=59)
    before = readers(scene)
    scene.wait(minutes=1)

    assert before == [("grace", "i1", None), ("linus", "i2", None)]
    assert readers(scene) == [*before, ("grace", "i2", "Linus Frost")]


def test_whoever_leads_reads_of_others_when_their_own_is_in_too() -> None:
    scene = forms_are_open()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    scene.wait(hours=48)

    assert readers(scene) == [("linus", "i2", None), ("grace", "i2", "Linus Frost")]


def test_when_all_are_in_nobody_reads_of_any() -> None:
    scene = forms_are_open()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    scene.wait(hours=48)

    assert readers(scene) == []
