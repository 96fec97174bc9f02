"""Policies that turn controls off."""
