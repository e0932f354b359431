"""Has a command run by the warm Python of `warm.py`: all that such a call starts is this.

`warm_call.py SOCKET EXECUTABLE ARGUMENT ...`, by a Python that has imported no packages. It imports
what is built into it, and not the modules around that: they take twice as long as the call.
"""

import _signal
import _socket
import marshal
import posix
import sys


def call(place: str, executable: str, arguments: list[str]) -> int:
    """Have a command run with this process's files, folder and environment; its exit code."""
    if arguments[:1] == ["-u"]:
        # As those who hand out tests start their processes, whose streams have no buffer anyway.
        arguments = arguments[1:]
    known = arguments and (arguments[0] in ("-c", "-m") or not arguments[0].startswith("-"))
    if not known:
        posix.execv(sys.executable, [sys.executable, *arguments])
    mask = posix.umask(0)
    posix.umask(mask)
    order = [executable, arguments, posix.getcwdb(), posix.environ, posix.getpgrp(), mask]
    line = _socket.socket(_socket.AF_UNIX)
    line.connect(place)
    files = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    message = marshal.dumps(order)
    line.sendmsg([len(message).to_bytes(8)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
    line.sendall(message)
    answer = line.recv(8)
    code = int(answer) if answer else 1
    if code < 0:
        if -code != _signal.SIGKILL:  # It has no other handler.
            _signal.signal(-code, _signal.SIG_DFL)
        posix.kill(posix.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(call(sys.argv[1], sys.argv[2], sys.argv[3:]))
