"""Microsoft's services over HTTPS: signing in, calling, and trying again where it is worth it."""
