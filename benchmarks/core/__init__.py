"""How fast the pure core is: the diagnosis of runs in memory, beside what else looks at such curves."""
