-- Asks for a run at once.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["posture.dev/requestedAt"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
