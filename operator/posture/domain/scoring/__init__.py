"""How findings become scores, by AWS's rules."""
