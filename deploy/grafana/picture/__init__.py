"""Pictures of dashboards: what their JSON declares and what Prometheus answers, drawn as SVG."""
