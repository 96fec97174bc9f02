"""An independent oracle: Security Hub's scores worked out slowly from raw findings.

It reads AWS's JSON and the rules as they are written (Security Hub user guide, "Evaluating compliance status
and control status", "Determining security scores"; the design's meanings), one finding and one scope at a
time, and shares no code with the product.
"""

from tests.support.oracle.rules import percent, scores

__all__ = ["percent", "scores"]
