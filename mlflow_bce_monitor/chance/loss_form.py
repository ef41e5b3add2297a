"""What kind of cross-entropy a loss is: plain, focal, summed, weighted, or in bits."""

from __future__ import annotations

from functools import cached_property

from mlflow_bce_monitor.chance.focal import USUAL_GAMMA, focal_form
from mlflow_bce_monitor.chance.form import PLAIN, LossForm
from mlflow_bce_monitor.chance.scale import (
    flat_at_one_bit,
    named_bits,
    of_unknown_factor,
    summed_over_batches,
    summed_over_epochs,
    weighted_form,
)
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, LossCertainty
from mlflow_bce_monitor.curves.names import LossKind, read_name
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.settings import Settings


class LossForms:
    """The forms of the losses of one run.

    What the names and the params say comes first. Where they say nothing, and no class
    weights move the level, the form is read off the losses and the accuracy.

    Parameters
    ----------
    curves
        Both losses and what stands beside them.
    settings
        A stated focal gamma, the batch size, the number of rows and all weights are used.
    """

    def __init__(self, curves: CurveSet, settings: Settings, limits: Limits) -> None:
        self._curves = curves
        self._settings = settings
        self._limits = limits

    def of(self, loss: Curve) -> LossForm:
        """Return the form of the loss of either split."""
        settings = self._settings
        stated = (
            _stated_focal(loss, settings) or weighted_form(loss, settings, self._limits) or named_bits(loss)
        )
        if stated is not None:
            return stated
        if self._curves.certainty is LossCertainty.NAMED or settings.class_weights is not None:
            return PLAIN
        return self._focal or self._scaled(loss) or PLAIN

    @cached_property
    def _losses(self) -> list[Curve]:
        """The losses that are long enough, the held-back one first.

        It shows the network as one epoch left it, where the training loss averages over that epoch.
        """
        both = (self._curves.validation_loss, self._curves.loss)
        return [one for one in both if one is not None and one.finite.size >= self._limits.min_repeats]

    @cached_property
    def _focal(self) -> LossForm | None:
        # Weighted examples cost less as well, but on the training data alone, and they are stated.
        if self._settings.sample_weights is not None:
            return None
        return focal_form(self._losses, self._curves, self._limits)

    @cached_property
    def _summed(self) -> LossForm | None:
        return summed_over_batches(self._losses, self._curves, self._settings, self._limits)

    @cached_property
    def _bits(self) -> LossForm | None:
        return flat_at_one_bit(self._losses[0], self._curves, self._limits)

    def _scaled(self, loss: Curve) -> LossForm | None:
        """Return the form of a loss that is a sum, in bits or of an unknown factor; None for a plain one."""
        if not self._losses or loss.finite.size < self._limits.min_repeats:
            return None
        return (
            self._summed
            or summed_over_epochs(loss, self._curves, self._settings, self._limits)
            or self._bits
            or of_unknown_factor(loss, self._curves, self._limits)
        )


def _stated_focal(loss: Curve, settings: Settings) -> LossForm | None:
    alpha = settings.focal_alpha.value if settings.focal_alpha is not None else None
    if settings.focal_gamma is not None:
        return LossForm(gamma=settings.focal_gamma.value, alpha=alpha, reason=settings.focal_gamma.source)
    reading = read_name(loss.name)
    named = reading is not None and reading.loss_kind is LossKind.FOCAL
    source = f"the name {loss.name!r}" if named else ""
    if settings.loss_name is not None and "focal" in settings.loss_name.value.lower():
        source = settings.loss_name.source
    if not source:
        return None
    return LossForm(gamma=USUAL_GAMMA, alpha=alpha, reason=f"{source}, with the usual gamma")
