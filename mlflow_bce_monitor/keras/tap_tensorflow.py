"""The tap where the training loop runs in a TensorFlow graph.

The batch exists inside the graph only. So the model's ``train_step`` is wrapped: after the
step itself, operations are added that, while a gate is open, count labels and copy the batch into
variables. After, because TensorFlow numbers the operations of a graph and derives the seeds of
unseeded random operations from the numbers: the user's own must not move.

Operations of a graph cannot be guarded one by one, so they are such that they cannot fail:
without XLA the copies go into variables of any shape; with XLA, which wants shapes fixed,
each shape that is traced has variables of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

from mlflow_bce_monitor.keras.labels import COLUMNS, LEVELS, MOST_LABELS, ROWS, FloatArray
from mlflow_bce_monitor.keras.rows import WANTED_ROWS, rows_within, split_batch
from mlflow_bce_monitor.keras.tap import TRAINING, Failed, Loop, Tap

_MOST_SHAPES: Final = 8
"""Shapes of a batch that are captured under XLA; each costs variables of its own."""

_COUNTING: Final = 0.0002
"""Seconds by which counting prolongs a step. What is inside a graph cannot be timed; this is what alternating
epochs with and without it differed by, on one core."""

_CLOSED: Final = 0.00005
"""Seconds by which closed gates prolong a step, measured between 0.03 and 0.08 ms: over a long training
they are a large part of the cost, and the budget has to know."""


@dataclass(frozen=True, eq=False)
class _Copy:
    """Variables that hold the rows of one traced batch.

    ``variables`` has one for each leaf of ``structure``, None for leaves that cannot be copied;
    ``count`` holds the rows of the batch, 0 before it is first written.
    """

    structure: Any
    variables: list[Any]
    count: Any


class TensorFlowTap(Tap):
    """Looks at the batches from inside the graph of the training step."""

    def __init__(self, model: Any, failed: Failed, *, second_column: bool, loop: Loop = TRAINING) -> None:
        super().__init__(model, failed, loop)
        self._second_column = second_column
        # Two gates, one within the other: closed, the outer one is all that a step pays.
        self._open = tf.Variable(False, trainable=False, name="bce_monitor_open")  # noqa: FBT003 - its value
        self._gate = tf.Variable(False, trainable=False, name="bce_monitor_gate")  # noqa: FBT003 - its value
        self._copies: list[_Copy] = []
        self._tables: list[Any] = []
        self._own_step: Any = None
        self._had_step = False
        self._wrapped: Any = None

    def attach(self) -> None:
        """Have the training function made anew, with the wrapped step in it, unless that was done before.

        Raises
        ------
        NotImplementedError
            Under a strategy with several replicas.
        """
        model = self._model
        replicas = model.distribute_strategy.num_replicas_in_sync
        if replicas > 1:
            raise NotImplementedError(f"training on {replicas} replicas: batches are seen on one only")
        made_again = self._tapped is None or self._function is not self._original
        self._wrap_step()
        if not made_again:
            self._function = self._tapped
            return
        # Keras has made the function just before the first hook. It is not traced before its first call, so
        # making another costs nothing; one that was traced in an earlier fit is put back afterwards.
        self._original = self._function
        try:
            self._function = None
            getattr(model, self._loop.make)()
            inner = self._function
        except Exception:
            self._function = self._original
            self._unwrap_step()
            raise

        steps = max(int(model.steps_per_execution), 1)

        def tapped(iterator: Any) -> Any:
            logs = inner(iterator)
            self.seconds += (_COUNTING if self._counting else _CLOSED) * steps
            if self._capturing:
                self._collect(self._take)
            return logs

        self._tapped = tapped
        self._function = tapped

    def detach(self) -> None:
        """Put step and function back.

        Runs no operation of TensorFlow: it may be the collection of garbage that calls, in
        whatever thread and in the middle of whatever holds a lock.
        """
        self._unwrap_step()
        super().detach()

    def look(self, wanted: int = WANTED_ROWS) -> None:
        """Open the gates."""
        super().look(wanted)
        self._open.assign(True)  # noqa: FBT003 - its value
        self._gate.assign(True)  # noqa: FBT003 - its value
        for copy in self._copies:
            copy.count.assign(0)

    def stop_capturing(self) -> None:
        """Close the inner gate."""
        super().stop_capturing()
        self._gate.assign(False)  # noqa: FBT003 - its value

    def rest(self) -> None:
        """Close both gates."""
        super().rest()
        self._open.assign(False)  # noqa: FBT003 - its value

    def tables(self) -> list[FloatArray]:
        """Return the label tables."""
        return [np.asarray(table.numpy(), np.float64) for table in self._tables]

    def _wrap_step(self) -> None:
        model, name = self._model, self._loop.step
        if model.__dict__.get(name) is self._wrapped is not None:
            return
        self._had_step, self._own_step = name in model.__dict__, getattr(model, name)
        own = self._own_step

        def step(data: Any) -> Any:
            logs = own(data)
            try:
                self._look(data)
            except Exception as error:  # noqa: BLE001 - runs where the user's step is traced
                self._failed(f"rows and labels of {self._loop.part}", error)
            return logs

        self._wrapped = step
        object.__setattr__(model, name, step)  # past Keras' tracking of attributes

    def _unwrap_step(self) -> None:
        model, name = self._model, self._loop.step
        if self._wrapped is None or model.__dict__.get(name) is not self._wrapped:
            return
        if self._had_step:
            object.__setattr__(model, name, self._own_step)
        else:
            object.__delattr__(model, name)

    def _look(self, data: Any) -> None:
        """Add the operations to the graph that is being traced; run them when the step runs eagerly."""
        batch = split_batch(data)
        counted = self._counted(batch[1], batch[2])
        copy = self._copy_for(batch)

        def look() -> Any:
            for table, target, weight in counted:
                table.assign_add(table_in_graph(target, weight, second_column=self._second_column))
            return _if(self._gate, lambda: _write(copy, batch)) if copy is not None else tf.constant(False)  # noqa: FBT003 - as in _if

        _if(self._open, look)

    def _copy_for(self, batch: Any) -> _Copy | None:
        leaves = keras.tree.flatten(batch)
        compiled = bool(self._model.jit_compile)
        wanted = [_shape_for(leaf, compiled=compiled) for leaf in leaves]
        if not any(shape is not None for shape in wanted) or any(
            shape is None and leaf is not None for shape, leaf in zip(wanted, leaves, strict=True)
        ):
            return None  # a sparse or ragged part: rows without it could not be fed to the model
        for copy in self._copies:
            if _same(copy, wanted, leaves):
                return copy
        if len(self._copies) >= _MOST_SHAPES:
            return None
        with tf.init_scope():
            variables = [
                None if shape is None else _variable(shape, leaf.dtype)
                for shape, leaf in zip(wanted, leaves, strict=True)
            ]
            count = tf.Variable(0, dtype=tf.int64, trainable=False)
        copy = _Copy(keras.tree.map_structure(lambda _: 0, batch), variables, count)
        self._copies.append(copy)
        return copy

    def _take(self) -> None:
        for copy in self._copies:
            count = int(copy.count.numpy())
            if not count:
                continue
            self.batch_rows = max(self.batch_rows, count)
            copy.count.assign(0)
            fitting = [one.shape[0] for one in copy.variables if one is not None and one.shape[0] is not None]
            taken = min(count, WANTED_ROWS, *fitting)
            leaves = [None if one is None else one.numpy()[:taken] for one in copy.variables]
            self._buffer.add(copy.structure, leaves)

    def _counted(self, y: Any, weights: Any) -> list[tuple[Any, Any, Any]]:
        """Return (table, labels, weights) of each target whose labels can be counted."""
        targets = [leaf for leaf in keras.tree.flatten(y) if leaf is not None]
        given = keras.tree.flatten(weights)
        counted = []
        for at, target in enumerate(targets):
            if isinstance(target, tf.Tensor) and (target.dtype.is_numeric or target.dtype.is_bool):
                weight = given[at] if at < len(given) else given[0] if len(given) == 1 else None
                counted.append((self._table(at), target, weight))
        return counted

    def _table(self, at: int) -> Any:
        while len(self._tables) <= at:
            with tf.init_scope():
                self._tables.append(tf.Variable(np.zeros((ROWS, COLUMNS)), dtype=tf.float64, trainable=False))
        return self._tables[at]


def _if(gate: Any, do: Callable[[], Any]) -> Any:
    """Do something where a gate is open, in the graph that is being traced or at once.

    ``tf.cond`` is taken apart into switches and merges, and a graph with one of those is run by
    TensorFlow's slower executor, every operation of the user's own step too: 0.1 ms a step and more with
    the gates closed. The operation ``If`` itself stays one, and costs half of that.
    """
    if tf.executing_eagerly():
        return do() if gate else tf.constant(False)  # noqa: FBT003 - as both branches
    open_branch = tf.function(do, autograph=False).get_concrete_function()
    given = open_branch.captured_inputs
    closed_branch = tf.function(_nothing, autograph=False).get_concrete_function(
        *[tf.TensorSpec(one.shape, one.dtype) for one in given]
    )
    # Both branches of the operation take the same inputs and return a boolean.
    return tf.raw_ops.If(
        cond=gate, input=given, Tout=[tf.bool], then_branch=open_branch, else_branch=closed_branch
    )


def _nothing(*given: Any) -> Any:
    del given
    return tf.constant(False)  # noqa: FBT003 - as the other branch


def _write(copy: _Copy, batch: Any) -> Any:
    """Copy a batch into variables."""
    copy.count.assign(_rows_of(batch))
    for variable, leaf in zip(copy.variables, keras.tree.flatten(batch), strict=True):
        if variable is not None:
            variable.assign(_some_rows(leaf, variable.shape))
    return tf.constant(False)  # noqa: FBT003 - as above


def table_in_graph(target: Any, weight: Any, *, second_column: bool) -> Any:
    """Return the label table of a batch, shape (3, 7), as ``labels.table_of`` does in NumPy."""
    values = tf.cast(target, tf.float32)
    if second_column and values.shape.rank is not None and values.shape.rank > 1 and values.shape[-1] == 2:  # noqa: PLR2004 - one-hot
        values = values[..., 1]
    spread = _spread_in_graph(weight, values)
    flat = tf.reshape(values, [-1])[:MOST_LABELS]
    w = tf.ones_like(flat) if spread is None else tf.reshape(spread, [-1])[:MOST_LABELS]
    is_level = tf.cast(tf.equal(flat[:, None], tf.constant(LEVELS, tf.float32)), tf.float32)
    is_fraction = tf.cast(tf.logical_and(flat > 0.0, flat < 1.0), tf.float32)[:, None]
    is_other = 1.0 - tf.reduce_sum(is_level, axis=1, keepdims=True) - is_fraction
    columns = tf.concat([is_level, is_fraction, is_other], axis=1)
    rows = tf.stack([tf.ones_like(w), w, w * w])
    # A product and a sum instead of a matrix product: GPUs round those to ten bits.
    return tf.cast(tf.reduce_sum(rows[:, :, None] * columns[None], axis=1), tf.float64)


def _spread_in_graph(weight: Any, values: Any) -> Any:
    """Return one weight for each label, None where the shapes, as far as they are known, do not fit."""
    rank = values.shape.rank
    sizes = (weight.shape[0], values.shape[0]) if isinstance(weight, tf.Tensor) and rank else (None, None)
    if None not in sizes and sizes[0] != sizes[1]:
        return None
    if not isinstance(weight, tf.Tensor) or rank is None or weight.shape.rank is None or not rank:
        return None
    w = tf.cast(weight, tf.float32)
    if weight.shape.rank == rank and weight.shape[1:].as_list() == values.shape[1:].as_list():
        known = None not in values.shape[1:].as_list()
        return w if known else None
    if any(size != 1 for size in weight.shape[1:].as_list()):
        return None
    column = tf.reshape(w, [-1, *(1 for _ in range(rank - 1))])
    return column * tf.ones_like(values)


def _shape_for(leaf: Any, *, compiled: bool) -> list[int | None] | None:
    """Return the shape of the variable for a leaf, None for a leaf that cannot be copied."""
    if not isinstance(leaf, tf.Tensor) or not leaf.shape.rank:
        return None
    if not compiled:
        return [None] * leaf.shape.rank
    inner = leaf.shape.as_list()[1:]
    if None in inner or leaf.dtype == tf.string:
        return None
    size = leaf.dtype.size * int(np.prod(inner, dtype=np.int64))
    return [rows_within(size), *inner]


def _variable(shape: Sequence[int | None], dtype: Any) -> Any:
    initial = tf.zeros([size or 0 for size in shape], dtype)
    if None in shape:
        return tf.Variable(initial, trainable=False, shape=tf.TensorShape(shape), validate_shape=False)
    return tf.Variable(initial, trainable=False)


def _same(copy: _Copy, wanted: Sequence[list[int | None] | None], leaves: Sequence[Any]) -> bool:
    return len(copy.variables) == len(wanted) and all(
        (variable is None and shape is None)
        or (
            variable is not None
            and shape is not None
            and variable.shape.as_list() == shape
            and variable.dtype == leaf.dtype
        )
        for variable, shape, leaf in zip(copy.variables, wanted, leaves, strict=True)
    )


def _rows_of(batch: Any) -> Any:
    first = next(leaf for leaf in keras.tree.flatten(batch) if leaf is not None)
    return tf.shape(first, out_type=tf.int64)[0]


def _some_rows(leaf: Any, shape: Any) -> Any:
    """Return at most as many rows as fit, filled up with zeros where the variable's shape is fixed."""
    most = shape[0]
    if most is None:
        return leaf[:WANTED_ROWS]
    rows = leaf[:most]
    missing = most - tf.shape(rows)[0]
    return tf.pad(rows, [[0, missing], *([0, 0] for _ in shape[1:])])
