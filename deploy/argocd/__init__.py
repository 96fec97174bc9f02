"""What Argo CD needs to know of our kinds: their health, and actions on them."""
