"""A faithful Security Hub on loopback: for the demo, the tests and the bench.

Requests are routed and validated by botocore's service model, and answered with AWS's error codes. Where
AWS's documents leave open what happens, this is chosen:

- GetFindings without SortCriteria answers the latest update first: what is updated while somebody pages
  through leaves the pages that are still to come. Pages are live: each goes on behind the last finding.
- A NextToken is bound to account, Region, Filters and SortCriteria, not to MaxResults, and lives for a day by
  the emulator's clock (`token_lifetime`).
- UserDefinedFields of BatchUpdateFindings replace those there (`merge_user_fields` merges). Updates apply at
  once (`update_delay`: late).
- BatchImportFindings of a finding that is not later than the one there changes nothing.
- A finding without an attribute matches the negative comparisons on it.
- DescribeStandardsControls and the associations know a control in every standard that the catalogue puts it
  in; a standard that is not enabled is RESOURCE_NOT_FOUND. Under central configuration every update of an
  association is ACCESS_DENIED.
- Members see the aggregation Region as their administrator's aggregator links it.
"""
