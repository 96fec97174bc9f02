"""A throwaway cloud and cluster on loopback: what the demo, the tests and the bench run against."""
