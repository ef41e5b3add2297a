"""Findings posted to a webhook: JSON with a text that Slack shows, once a run, signed, with retries.

``webhook`` is what somebody set, ``message`` the document, ``delivery`` one delivery with its
retries, and ``alerter`` decides which answers are news and never lets an evaluation wait. See
``docs/alerts.md``.
"""
