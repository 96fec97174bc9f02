"""An emulated AWS Config: rules and conformance packs of an organization, and the aggregators that read them.

It is served by the process of the Security Hub emulator, which shares its clock, faults, quotas and tokens,
and gets the findings that Config sends (`finding.py`). Config API reference; where AWS does not say how it
behaves, the worst that its words allow can be asked for.
"""
