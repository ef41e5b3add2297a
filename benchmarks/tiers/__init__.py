"""What evidence from inside is worth: ``python -m benchmarks.tiers``.

The same trainings, judged four times: by what their runs logged, with the callback's measurements, with
the probes of their models, and with both.
"""
