"""The scorecard of verdicts: fitted on the fault zoo, judged on blocks that it has not seen."""
