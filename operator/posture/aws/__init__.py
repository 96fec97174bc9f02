"""AWS on the wire: identities, quotas, Security Hub's calls and findings, and errors that say what to do."""
