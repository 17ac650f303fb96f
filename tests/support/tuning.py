"""Models to fine-tune, and the question for them, as several tests ask it."""

from datetime import date
from typing import Any

from llmfit.rank import recommend
from llmfit.records.device import Device
from llmfit.records.question import Question
from llmfit.records.recommendation import Recommendations
from support.ranking import World, card, ranked, world
from support.training import load

DAY = date(2024, 4, 18)


def family() -> World:
    """Return a base with its instruct and reasoning models, and an instruct model of nobody's base."""
    base = ranked("a/eight-base", kind="base", tasks=("finetune",), languages=(), released=DAY)
    chat = ranked("a/eight-chat", base_model=base.id, base_relation="instruct", released=DAY)
    thinker = ranked("a/eight-think", kind="reasoning", base_model=base.id, base_relation="finetune", released=DAY)
    alone = ranked("b/three", 3, released=DAY)
    return world(base, chat, thinker, alone)


def ask(facts: World, gb: float, method: str = "qlora", **asked: Any) -> Recommendations:
    """Return the answer; `load` are fields of the training load, `device` stands for the card."""
    training = load(method, **asked.pop("load", {}))
    device: Device = asked.pop("device", None) or card(gb)
    return recommend(Question(training=training, **asked), facts, device=device)


def ids(answer: Recommendations) -> list[str]:
    """Return the picks' ids."""
    return [pick.model.id for pick in answer.picks]
