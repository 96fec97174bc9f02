"""A faithful Security Hub on loopback: for the demo, the tests and the bench."""
