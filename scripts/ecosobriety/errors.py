"""The errors that a user can cause and mend: each message is one clear sentence."""


def one_line(sentence: str) -> str:
    """A sentence on one line, whatever the names and values in it hold."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in sentence)


class EcosobrietyError(Exception):
    """Base of all errors whose message is meant for the user, without a traceback."""


class ConfigError(EcosobrietyError):
    """A study's configuration is wrong: names the file, the key, the value and what is allowed."""


class DataError(EcosobrietyError):
    """A data set or a factor table cannot be had or is not what it should be."""


class MeteringError(EcosobrietyError):
    """The energy meter gave no usable number."""


class RecordError(EcosobrietyError):
    """A run record or a table does not follow the contract."""
