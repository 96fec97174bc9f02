"""`posture validate`: what the API server and the operator would say of manifests, offline."""
