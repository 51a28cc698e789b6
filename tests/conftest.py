"""What all tests share."""

from hypothesis import settings

# A kernel compiles at its first call, and machines differ: no test is about time. The blob that is
# printed with a failure repeats it.
settings.register_profile("tapeline", deadline=None, print_blob=True)
settings.load_profile("tapeline")
