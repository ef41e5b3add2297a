"""What others would say of the same runs: each rival is a function from a run to an answer."""
