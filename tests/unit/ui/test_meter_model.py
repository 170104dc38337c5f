"""Which model and provider the status bar names."""

import pytest

from claude_tui.domain.events import RequestStarted, TurnEnded
from claude_tui.domain.messages import Outcome
from claude_tui.ui.meter import Meter


@pytest.mark.parametrize(
    ("provider", "effort", "text"),
    [
        (None, None, "some-model"),
        ("anthropic", "high", "some-model · high"),
        ("gateway", None, "gateway: some-model"),
        ("gate\x07way", "high", "gate␇way: some-model · high"),
    ],
)
def test_another_provider_than_the_usual_one_is_named_where_there_is_room(
    provider: str | None, effort: str | None, text: str
) -> None:
    meter = Meter()
    meter.choose("some-model", effort, provider)
    (model,) = [part for part in meter.parts(0.0) if part.name == "model"]
    assert model.text == text
    assert [part.text for part in meter.segments(20, 0.0) if part.name == "model"] == ["some-model"]


def test_while_an_answer_comes_the_model_that_writes_it_is_named() -> None:
    meter = Meter()
    meter.choose("first", "high", "gateway")
    meter.apply(RequestStarted(1, "first", "m"), 0.0)
    meter.choose("second", None, "anthropic")
    assert [part.text for part in meter.parts(0.0) if part.name == "model"] == ["first → second"]
    meter.apply(TurnEnded("s", Outcome.COMPLETED), 1.0)
    assert [part.text for part in meter.parts(1.0) if part.name == "model"] == ["second"]
