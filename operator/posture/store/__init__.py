"""What is known of a hub's findings, behind one interface."""
