"""How results of AWS Config's rules become what scores are made of."""
