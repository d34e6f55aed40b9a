"""The console of the partner and the portal of its customers: pages, rendered on the server."""
