"""Adversarial equilibrium: a discriminator that cannot tell real from generated, as it should be.

Source: Goodfellow et al. 2014, "Generative Adversarial Nets", arXiv:1406.2661, section 4.1:
at the optimum the discriminator predicts 1/2, and its two terms add up to 2 ln 2 = 1.386.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.weighing import weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for a generator beside the discriminator."""
    if not evidence["adversarial"]:
        return RuledOut("no generator was trained beside it")
    # At the equilibria of the zoo the loss went 4 to 10 % away from chance and came back; two networks that
    # are not trained stay within 0.1 %.
    still = evidence.number_or("movement", 1.0) < limits.hardly_moves
    return weigh(
        Piece("generator", 0.5, "a generator is trained beside it"),
        Piece("at_chance", 3.5, "the discriminator is at chance")
        if abs(evidence.number("end_skill")) <= limits.chance_band
        else None,
        Piece("still", -6.0, "the loss has hardly moved, where a game leaves chance and comes back")
        if still
        else None,
    )


RULE = Rule(
    code="adversarial_equilibrium",
    title="Adversarial equilibrium",
    explanation=(
        "In a GAN the discriminator's loss ends at ln 2 (or 2 ln 2, its two terms summed) when the generator has become good enough to "
        "fool it. That is the goal, not a fault; whether the samples are good is another question. A loss that never left chance is no "
        "equilibrium: there the networks are not trained."
    ),
    advice="Nothing to change in the loss: judge the generated samples.",
    remedy="# judge the samples, not the loss",
    confused_with=("learning_rate_too_low",),
    separated_by="the generated samples, or the discriminator's accuracy on a fresh batch",
    prior=0.3,
    needs=("adversarial", "end_skill"),
    uses=("movement",),
    assess=assess,
    fires=(Example("a discriminator at chance", adversarial=True, end_skill=0.0),),
    stays_quiet=(
        Example("an ordinary classifier", adversarial=False, end_skill=0.0),
        Example("rates of 1e-7 for both networks", adversarial=True, end_skill=0.003, movement=0.001),
    ),
    source="Goodfellow et al. 2014, arXiv:1406.2661",
    normal=True,
)
