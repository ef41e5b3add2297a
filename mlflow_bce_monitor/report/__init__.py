"""From a diagnosis to what a person reads: wording, picture, page, table.

``wording``, ``reasons`` and ``grounds`` hold every phrase and ``numbers`` every rounding,
``picture`` decides what the plot shows; ``figure``, ``page`` (with ``svg``), ``description``,
``terminal`` and ``json_artifact`` only lay out, and ``description_block`` puts a block among
a user's text. Nothing here judges: whoever wants another verdict changes the core.

All text that a run supplied (names, params) is made printable by ``plain_text`` on its
way in, and is escaped by the renderer on its way out.
"""
