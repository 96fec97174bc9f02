"""A hub: one set of credentials in one Region, its lease, its sync and what is known of its findings."""
