"""When a watcher asks a provider to tell it of changes: rules without a server, on a clock of paper."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.calendar import Listening
from activities.watching import ProviderTells
from workflows.channel import AT_MOST, LATER, RARELY, Channel, answered, asked, failed, next_asking, order

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
LISTENING = Listening(held="channel 1", renew_at=NOW + timedelta(days=3))
ASKED = asked(Channel(), NOW)
TELLS = answered(ASKED, ProviderTells(listening=LISTENING))


def test_a_provider_is_asked_at_once() -> None:
    assert next_asking(Channel(), NOW) == NOW
    assert order(Channel(), "grace").held is None


@pytest.mark.parametrize(
    ("channel", "at"),
    [
        pytest.param(TELLS, LISTENING.renew_at, id="what tells is renewed"),
        pytest.param(answered(ASKED, ProviderTells()), NOW + RARELY, id="who cannot tell is asked once a day"),
        pytest.param(answered(ASKED, ProviderTells(because="status 403")), NOW + LATER, id="refused"),
        pytest.param(failed(ASKED, "unavailable"), NOW + LATER, id="unavailable"),
        pytest.param(failed(TELLS, "unavailable"), NOW + LATER, id="could not be renewed"),
        pytest.param(TELLS.model_copy(update={"anew": True}), NOW + AT_MOST, id="told that it ends"),
        pytest.param(failed(ASKED, "status 403").model_copy(update={"anew": True}), NOW + AT_MOST, id="and had failed"),
        pytest.param(
            answered(ASKED, ProviderTells(listening=LISTENING.model_copy(update={"renew_at": NOW - HOUR}))),
            NOW + AT_MOST,
            id="what should have been renewed before it was made",
        ),
    ],
)
def test_it_is_asked_again_when_that_may_help_and_no_sooner(channel: Channel, at: datetime) -> None:
    assert next_asking(channel, NOW) == at


def test_what_is_held_is_brought_along_and_kept_until_there_is_another() -> None:
    assert order(TELLS, "grace").held == "channel 1"
    assert failed(asked(TELLS, NOW), "unavailable").listening == LISTENING
    assert answered(asked(TELLS, NOW), ProviderTells(because="status 403")).listening == LISTENING
    assert answered(asked(TELLS, NOW), ProviderTells()).listening is None


def test_an_answer_ends_the_trouble_and_a_request_what_was_told_before_it() -> None:
    ends = TELLS.model_copy(update={"anew": True})

    assert answered(failed(TELLS, "unavailable"), ProviderTells(listening=LISTENING)) == TELLS
    assert asked(ends, NOW + HOUR).anew is False
