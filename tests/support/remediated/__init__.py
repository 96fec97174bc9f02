"""A world in memory in which rules are carried out, while everything that may happen to them happens."""
