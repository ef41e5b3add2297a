"""From runs as a search found them to run records, with the runs around them. ``reader`` is read first.

``fastest`` picks one of three ways to the same records: ``reader`` asks MLflow's client, ``bulk_reader`` a
server for many runs at once, ``sql_reader`` the database: ``batches`` of runs through ``sql_histories``, or
through ``sqlite_columns``. Siblings come from the pages that are listed anyway (``surroundings``) or by
searching (``sibling_search``); ``neighbours`` is what both share. Nothing is judged here.
"""
