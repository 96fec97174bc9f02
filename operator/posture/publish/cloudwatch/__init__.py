"""CloudWatch's metrics: a few hundred numbers, by target, standard, workload and environment."""
