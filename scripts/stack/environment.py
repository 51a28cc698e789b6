"""What our processes inherit from the shell they are started in: little."""

import os

# Flink writes a worker's whole environment into its log when it cannot clean up after it, so what
# is not needed (credentials, above all) is not handed on. Other Pythons' paths stay out likewise.
_INHERITED = (
    *("PATH", "HOME", "USER", "TMPDIR", "TZ", "LANG", "LC_ALL", "LD_LIBRARY_PATH"),
    *("JAVA_HOME", "JAVA_TOOL_OPTIONS"),
)


def basic_environment() -> dict[str, str]:
    """What any program needs to run, and nothing of Tapeline's own settings."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


# Settings that are secret: the service needs them, and so does what starts it again.
_SECRET = frozenset({"TAPELINE_WEBHOOK_SECRETS", "TAPELINE_SESSION_SECRET"})


def tapeline_environment(*, secrets: bool = False) -> dict[str, str]:
    """Every setting of Tapeline's that stands in the environment; secret ones where asked for."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith("TAPELINE_") and (secrets or name not in _SECRET)
    }


def java_home() -> str | None:
    """Where the Java of choice is, if that was said."""
    return os.environ.get("JAVA_HOME")
