"""The profile `deep`, for `make test-deep`."""

from hypothesis import settings

from fuzz.judging import DEEP

settings.register_profile("deep", max_examples=DEEP, deadline=None, print_blob=True)
