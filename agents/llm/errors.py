"""What can go wrong with a language model's answer, told apart because each is met differently."""

from __future__ import annotations

from records.errors import Failure


class ModelFailure(Failure):
    """The model gave no answer that can be used."""


class ModelRefused(ModelFailure):
    """The model declined to answer."""

    def __init__(self, purpose: str, words: str) -> None:
        super().__init__("model_refused", f"the model declined to {purpose}: {words[:200]}")


class AnswerCutOff(ModelFailure):
    """The answer ended at the token limit, so its JSON is not whole."""

    def __init__(self, purpose: str) -> None:
        super().__init__(
            "answer_cut_off",
            f"the model's answer to {purpose} was cut off; raise TOUCHSTONE_REASONER__MAX_TOKENS",
        )


class AnswerInvalid(ModelFailure):
    """The answer does not have the form that was asked for."""

    def __init__(self, purpose: str, problems: str) -> None:
        super().__init__("answer_invalid", f"the model's answer to {purpose} has the wrong form: {problems}")
        self.problems = problems


class BudgetReached(Failure):
    """The run has used the tokens or the money that it was given; stored answers can still be read."""

    def __init__(self, used: str) -> None:
        super().__init__("budget_reached", f"the language model's budget is used up ({used})")
