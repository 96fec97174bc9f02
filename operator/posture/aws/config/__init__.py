"""AWS Config: what an aggregator knows of rules and conformance packs."""
