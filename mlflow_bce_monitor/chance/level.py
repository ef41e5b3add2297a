"""The chance level: the loss of a model that has learned nothing but the share of positives.

A constant prediction q has the expected binary cross-entropy

    L(q) = -[pi * w1 * ln q + (1 - pi) * w0 * ln(1 - q)],

which is smallest at q* = pi * w1 / (pi * w1 + (1 - pi) * w0). L(q*) is the chance level.
Balanced and unweighted it is ln 2; unweighted it is the entropy H(pi).
"""
