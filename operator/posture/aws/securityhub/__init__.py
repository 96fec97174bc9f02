"""Security Hub's API and its findings."""
