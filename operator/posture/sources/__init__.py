"""How knowledge of a hub is kept current."""
