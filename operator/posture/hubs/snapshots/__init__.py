"""Snapshots of a hub's store, kept elsewhere: they make it cheap to take a hub over without its store."""
