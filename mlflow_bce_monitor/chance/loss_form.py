"""What kind of cross-entropy a loss is: plain, focal, summed, weighted, or in bits."""

from __future__ import annotations

from mlflow_bce_monitor.chance.focal import USUAL_GAMMA, focal_form
from mlflow_bce_monitor.chance.form import PLAIN, LossForm
from mlflow_bce_monitor.chance.scale import named_bits, scaled_form, weighted_form
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, LossCertainty
from mlflow_bce_monitor.curves.names import LossKind, read_name
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.settings import Settings


def form_of(loss: Curve, curves: CurveSet, settings: Settings, limits: Limits) -> LossForm:
    """Return the form of one loss of the run.

    What the names and the params say comes first. Where they say nothing, and no class
    weights move the level, the form is read off the losses and the accuracy.

    Parameters
    ----------
    loss
        The loss of either split.
    curves
        Both losses and what stands beside them.
    settings
        A stated focal gamma, the batch size, the number of rows and all weights are used.
    """
    stated = _stated_focal(loss, settings) or weighted_form(loss, settings, limits) or named_bits(loss)
    if stated is not None:
        return stated
    if curves.certainty is LossCertainty.NAMED or settings.class_weights is not None:
        return PLAIN
    losses = [
        one
        for one in (curves.validation_loss, curves.loss)
        if one is not None and one.finite.size >= limits.min_repeats
    ]
    # Weighted examples cost less as well, but on the training data alone, and they are stated.
    if settings.sample_weights is None and (focal := focal_form(losses, curves, limits)) is not None:
        return focal
    return scaled_form(loss, curves, settings, limits) or PLAIN


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
