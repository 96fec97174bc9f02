"""`posture plan`: what manifests would suppress, reopen, turn off and remediate, before they are applied."""
