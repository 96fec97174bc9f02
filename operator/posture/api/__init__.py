"""The four kinds of `posture.dev/v1alpha1` as pydantic models: the source of CRDs and reference."""
