"""curves + findings + settings -> evidence: named facts with unit and source."""
