"""What a flexible learner makes of the facts that the rules read: how much the rules leave in them."""
