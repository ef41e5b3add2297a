"""Arrow schemas in the language in which Spark takes them."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

_WORDS: Final = {pa.string(): "string", pa.int64(): "bigint", pa.int32(): "int", pa.float64(): "double"}


def ddl_of(schema: pa.Schema) -> str:
    """Return a schema as Spark writes it."""
    return ", ".join(f"`{name}` {word}" for name, word in types_of(schema).items())


def types_of(schema: pa.Schema) -> dict[str, str]:
    """Return the type of each column as Spark writes it."""
    return {part.name: _word(part.type) for part in schema}


def _word(of_type: pa.DataType) -> str:
    if pa.types.is_map(of_type):
        return f"map<{_word(of_type.key_type)}, {_word(of_type.item_type)}>"
    if pa.types.is_list(of_type):
        return f"array<{_word(of_type.value_type)}>"
    if pa.types.is_struct(of_type):
        parts = (of_type.field(position) for position in range(of_type.num_fields))
        return f"struct<{', '.join(f'`{part.name}`: {_word(part.type)}' for part in parts)}>"
    return _WORDS[of_type]
