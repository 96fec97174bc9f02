"""What manifests would do: the operator's own steps over a hub that is read once, with no write sent."""
