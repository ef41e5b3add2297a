"""What a rival says of one run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RivalAnswer:
    """One rival's answer, in our words.

    Attributes
    ----------
    flagged
        Whether it raises an alarm: what a false alarm is counted by.
    causes
        Causes it names, in the contract's words and its own order; () for none.
    why
        Its reason, or why it could not answer.
    hinted
        Whether it says without an alarm that the training gets nowhere; that finds a stall, too.
    could_answer
        Whether the run holds what the rival needs.
    """

    flagged: bool
    causes: tuple[str, ...]
    why: str
    hinted: bool = False
    could_answer: bool = True

    @property
    def found(self) -> bool:
        """Whether a reader learns that something is wrong with the training."""
        return self.flagged or self.hinted


def no_answer(why: str) -> RivalAnswer:
    """Return the answer of a rival that the run gives too little to go on."""
    return RivalAnswer(flagged=False, causes=(), why=why, could_answer=False)


def quiet(why: str) -> RivalAnswer:
    """Return the answer of a rival that finds nothing wrong."""
    return RivalAnswer(flagged=False, causes=(), why=why)
