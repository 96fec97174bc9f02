"""How a Security Hub is set up: what AWS says of it, and what that means for what can be seen there."""
