"""What foreign code raises and does, as a message shows it: quoted, cut, in one sentence."""

import argparse
import signal

from ecosobriety.errors import ConfigError


def described(error: BaseException) -> str:
    """What foreign code raises, as a message shows it: its name, and its own words cut."""
    name = type(error).__name__
    try:
        words = cut(" ".join(str(error).split()))
    # An exception of the user's may fail to describe itself.
    except Exception:
        words = ""
    if isinstance(error, argparse.ArgumentError):
        return words
    return f"{name}: {words}" if words else f"{name}, without a message"


def ended_by_itself(class_path: str, status: int) -> ConfigError:
    """What is said of a network whose code ends the whole process that tries it out."""
    how = f"with status {status}, as os._exit does"
    if status < 0:
        how = f"by signal {-status} ({signal.strsignal(-status)})"
    return ConfigError(
        f"models: {class_path} ended its process {how}, when it was built and tried on a few "
        "batches: its training would end so too"
    )


def cut(text: str, most: int = 140) -> str:
    """Foreign words, in quotes and of bearable length."""
    shown = text if len(text) <= most else f"{text[: most - 1]}…"
    return f'"{shown}"' if text else ""


def cut_list(names: str, most: int = 80) -> str:
    """Names, of bearable length in all."""
    return names if len(names) <= most else f"{names[: most - 1]}…"
