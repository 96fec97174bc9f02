"""AWS Organizations: accounts of an organization, and their tags."""
