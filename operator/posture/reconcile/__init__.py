"""What everything that reconciles shares."""
