"""A store and the runs in it: opened, searched, listed; asked politely. ``opening`` is read first.

``search`` finds what a caller named, and ``pages`` lists its runs page by page; ``since`` is a condition of
a search. ``waits`` bounds how long an answer is waited for, ``pace`` how fast runs are worked on,
``in_order`` has several requests under way at once, and ``reasons`` words what went wrong. No history is
read here, and nothing is written.
"""
