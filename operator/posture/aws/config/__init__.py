"""AWS Config: what an aggregator knows of rules and packs, and what an account says of its own."""
