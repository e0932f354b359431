"""A user's own classes, and the fingerprints by which a change of code is noticed."""
