"""The fingerprints of this software's own code, taken once for each state of it.

Snakemake reads the rules in every process that it starts, and each rule has the fingerprint of its
script. To parse 200 modules takes longer than all else that is read there; to hash them, 10 ms.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ecosobriety.files import write_json
from ecosobriety.user_code import fingerprint

TRAINING, COMMAND, IMPORT = ".training", ".command", ".import"
"""What makes a record, beside the scripts, of which none has a name with a point."""
_MODULES = {
    TRAINING: fingerprint.TRAINING_MODULES,
    COMMAND: fingerprint.COMMAND_MODULES,
    IMPORT: fingerprint.IMPORT_MODULES,
}


def own_code(scripts: Path, memory: Path) -> Mapping[str, str]:
    """Fingerprints of every script by its name, and of the code behind each kind of record.

    Args:
        scripts: the folder with the scripts and this library.
        memory: a file that keeps them; one that cannot be read or written does no harm.
    """
    state = _state(scripts)
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(memory.read_bytes())
        if kept["state"] == state:
            return dict(kept["fingerprints"])
    known = {path.stem: fingerprint.script_fingerprint(path) for path in scripts.glob("*.py")}
    known |= {name: fingerprint.code_fingerprint(modules) for name, modules in _MODULES.items()}
    with suppress(OSError):
        write_json(memory, {"state": state, "fingerprints": known})
    return known


def _state(scripts: Path) -> str:
    """A digest of all that the fingerprints depend on: every source, and the parser."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(scripts.rglob("*.py")):
        digest.update(f"{path.relative_to(scripts)}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
