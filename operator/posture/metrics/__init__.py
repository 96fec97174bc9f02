"""What Prometheus reads: families, the samples of each object, and the page they are rendered into."""
