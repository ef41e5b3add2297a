"""The networks of the zoo and their outputs, as tables; ``building`` makes Keras models of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.zoo.rows import Kind


@dataclass(frozen=True)
class Architecture:
    """One way to connect layers.

    Attributes
    ----------
    kinds
        The shapes of rows it takes.
    stratum
        Architectures of one stratum resemble each other; every block has some of each.
    depth
        Number of hidden layers with an activation.
    width
        (smallest, largest) width that learns without effort.
    has_bypass
        Whether the inputs reach the output by a way around the activations.
    is_normalised
        Whether a layer behind the first kernel takes the scale out again.
    """

    kinds: frozenset[Kind]
    stratum: str
    depth: int
    width: tuple[int, int]
    has_bypass: bool = False
    is_normalised: bool = False


_FLAT = frozenset({Kind.TABLE, Kind.IMAGE})
_IMAGE = frozenset({Kind.IMAGE})
_SEQUENCE = frozenset({Kind.SEQUENCE})

DEALT_ARCHITECTURES: Final[dict[str, Architecture]] = {
    "logistic": Architecture(_FLAT, "shallow", 0, (1, 1)),
    "mlp1": Architecture(_FLAT, "shallow", 1, (16, 64)),
    "mlp2": Architecture(_FLAT, "usual", 2, (16, 64)),
    "mlp3": Architecture(_FLAT, "usual", 3, (16, 48)),
    "mlp6": Architecture(_FLAT, "deep", 6, (16, 32)),
    "mlp8": Architecture(_FLAT, "deep", 8, (16, 32)),
    "batchnorm_mlp": Architecture(_FLAT, "aided", 2, (16, 48), is_normalised=True),
    "residual_mlp": Architecture(_FLAT, "aided", 4, (16, 32), has_bypass=True),
    "cnn_flat": Architecture(_IMAGE, "convolutional", 3, (8, 12)),
    "cnn_pooled": Architecture(_IMAGE, "convolutional", 2, (12, 16)),
    "gru": Architecture(_SEQUENCE, "recurrent", 1, (8, 16)),
    "lstm": Architecture(_SEQUENCE, "recurrent", 1, (8, 16)),
    "embedding_bag": Architecture(_SEQUENCE, "token", 1, (8, 24)),
    "embedding_conv": Architecture(_SEQUENCE, "token", 2, (8, 24)),
}
"""The networks that ``split`` deals to the first two blocks."""

TEST_ARCHITECTURES: Final[dict[str, Architecture]] = {
    "wide1": Architecture(_FLAT, "shallow", 1, (128, 256)),
    "mlp4": Architecture(_FLAT, "usual", 4, (24, 64)),
    "wide_and_deep": Architecture(_FLAT, "usual", 2, (16, 64), has_bypass=True),
    "mlp10": Architecture(_FLAT, "deep", 10, (16, 32)),
    "funnel7": Architecture(_FLAT, "deep", 7, (16, 32)),
    "layernorm_mlp": Architecture(_FLAT, "aided", 3, (16, 48), is_normalised=True),
    "concatenating_mlp": Architecture(_FLAT, "aided", 4, (12, 24), has_bypass=True),
    "cnn_strided": Architecture(_IMAGE, "convolutional", 3, (8, 16)),
    "cnn_separable": Architecture(_IMAGE, "convolutional", 3, (12, 24)),
    "bidirectional_rnn": Architecture(_SEQUENCE, "recurrent", 1, (8, 16)),
    "attention": Architecture(_SEQUENCE, "token", 1, (16, 32)),
    "strided_conv": Architecture(_SEQUENCE, "token", 3, (12, 24)),
}
"""The networks of the test block, chosen before any of them was trained."""

PRACTICE_ARCHITECTURES: Final[dict[str, Architecture]] = {
    "gated1": Architecture(_FLAT, "shallow", 1, (16, 64)),
    "mlp5": Architecture(_FLAT, "usual", 5, (24, 48)),
    "pyramid3": Architecture(_FLAT, "usual", 3, (12, 32)),
    "mlp7": Architecture(_FLAT, "deep", 7, (16, 32)),
    "hourglass9": Architecture(_FLAT, "deep", 9, (16, 32)),
    "mlp_then_norm": Architecture(_FLAT, "aided", 3, (16, 48), is_normalised=True),
    "prenorm_residual": Architecture(_FLAT, "aided", 3, (16, 32), has_bypass=True),
    "cnn_average": Architecture(_IMAGE, "convolutional", 3, (8, 16)),
    "cnn_residual": Architecture(_IMAGE, "convolutional", 4, (8, 12)),
    "stacked_gru": Architecture(_SEQUENCE, "recurrent", 2, (8, 16)),
    "embedding_flat": Architecture(_SEQUENCE, "token", 1, (16, 48)),
    "dilated_conv": Architecture(_SEQUENCE, "token", 3, (12, 24)),
}
"""The networks of the block ``practice``."""

REHEARSAL_ARCHITECTURES: Final[dict[str, Architecture]] = {
    "experts1": Architecture(_FLAT, "shallow", 1, (12, 48)),
    "trumpet3": Architecture(_FLAT, "usual", 3, (12, 32)),
    "two_towers": Architecture(_FLAT, "usual", 2, (16, 48)),
    "mlp9": Architecture(_FLAT, "deep", 9, (16, 32)),
    "zigzag8": Architecture(_FLAT, "deep", 8, (12, 24)),
    "rmsnorm_mlp": Architecture(_FLAT, "aided", 3, (16, 48), is_normalised=True),
    "highway_mlp": Architecture(_FLAT, "aided", 4, (16, 32), has_bypass=True),
    "cnn_dilated": Architecture(_IMAGE, "convolutional", 3, (8, 16)),
    "cnn_two_scales": Architecture(_IMAGE, "convolutional", 3, (8, 12)),
    "bidirectional_gru": Architecture(_SEQUENCE, "recurrent", 1, (8, 16)),
    "text_cnn": Architecture(_SEQUENCE, "token", 2, (8, 16)),
    "token_mixer": Architecture(_SEQUENCE, "token", 3, (12, 24)),
}
"""The networks of the block ``rehearsal``."""

EXERCISE_ARCHITECTURES: Final[dict[str, Architecture]] = {
    "factored1": Architecture(_FLAT, "shallow", 1, (16, 64)),
    "barrel4": Architecture(_FLAT, "usual", 4, (16, 32)),
    "halves_joined": Architecture(_FLAT, "usual", 2, (16, 48)),
    "mlp11": Architecture(_FLAT, "deep", 11, (16, 32)),
    "widening7": Architecture(_FLAT, "deep", 7, (16, 32)),
    "groupnorm_mlp": Architecture(_FLAT, "aided", 3, (16, 48), is_normalised=True),
    "rezero_mlp": Architecture(_FLAT, "aided", 4, (16, 32), has_bypass=True),
    "cnn_valid": Architecture(_IMAGE, "convolutional", 3, (8, 16)),
    "cnn_gated": Architecture(_IMAGE, "convolutional", 3, (8, 16)),
    "lstm_averaged": Architecture(_SEQUENCE, "recurrent", 1, (8, 16)),
    "separable_conv": Architecture(_SEQUENCE, "token", 3, (12, 24)),
    "attended_conv": Architecture(_SEQUENCE, "token", 2, (12, 24)),
}
"""The networks of the block ``exercise``."""

PROOF_ARCHITECTURES: Final[dict[str, Architecture]] = {
    "opposed1": Architecture(_FLAT, "shallow", 1, (16, 48)),
    "waist3": Architecture(_FLAT, "usual", 3, (16, 32)),
    "forked2": Architecture(_FLAT, "usual", 2, (16, 48)),
    "mlp12": Architecture(_FLAT, "deep", 12, (16, 32)),
    "spindle8": Architecture(_FLAT, "deep", 8, (12, 24)),
    "batchnorm_once": Architecture(_FLAT, "aided", 3, (16, 48), is_normalised=True),
    "shortcut_mlp": Architecture(_FLAT, "aided", 4, (16, 32), has_bypass=True),
    "cnn_pointwise": Architecture(_IMAGE, "convolutional", 4, (8, 16)),
    "cnn_linked": Architecture(_IMAGE, "convolutional", 3, (8, 12)),
    "gru_max": Architecture(_SEQUENCE, "recurrent", 1, (8, 16)),
    "halving_conv": Architecture(_SEQUENCE, "token", 3, (12, 24)),
    "gated_conv": Architecture(_SEQUENCE, "token", 2, (12, 24)),
}
"""The networks of the block ``proof``."""

ARCHITECTURES: Final = (
    DEALT_ARCHITECTURES
    | TEST_ARCHITECTURES
    | PRACTICE_ARCHITECTURES
    | REHEARSAL_ARCHITECTURES
    | EXERCISE_ARCHITECTURES
    | PROOF_ARCHITECTURES
)


@dataclass(frozen=True)
class Head:
    """The output of a network.

    Attributes
    ----------
    units, activation
        Of the output layer.
    reshaped
        Whether a Reshape follows, behind which Keras no longer finds the logits.
    from_logits
        What the loss is told.
    is_two_class
        Whether the loss is the sparse categorical cross-entropy of two classes.
    """

    units: int
    activation: str | None
    reshaped: bool = False
    from_logits: bool = False
    is_two_class: bool = False


HEADS: Final[dict[str, Head]] = {
    "sigmoid": Head(1, "sigmoid"),
    "logits": Head(1, None, from_logits=True),
    "softmax2": Head(2, "softmax", is_two_class=True),
    # The rest are mistakes.
    "softmax_one_unit": Head(1, "softmax"),
    "softmax_one_unit_reshaped": Head(1, "softmax", reshaped=True),
    "relu": Head(1, "relu"),
    "tanh": Head(1, "tanh"),
    "linear": Head(1, None),
    "double_sigmoid": Head(1, "sigmoid", reshaped=True, from_logits=True),
}
