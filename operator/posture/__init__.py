"""Posture Operator: AWS security posture as Kubernetes objects, exact scores as Prometheus metrics."""
