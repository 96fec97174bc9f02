"""Reading a target once: one of the cluster, or one that options describe."""
