"""A local twin of Microsoft: the sign-in, Partner Center, the billing export and its storage, faults included."""
