"""Policies that suppress findings."""
