"""Signing in at the partner's own identity provider, by OpenID Connect."""
