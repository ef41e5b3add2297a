"""What the callback costs, beside what MLflow's autologging costs, in paired trainings."""
