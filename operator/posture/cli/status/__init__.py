"""`posture status`: targets with what belongs to them, and what is wrong, as a tree."""
