"""One measured window at a time on a machine, and no lock that outlives its process."""

import os
import subprocess
import sys
import time
import uuid
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from ecosobriety import files
from ecosobriety.errors import EcosobrietyError, MeteringError
from ecosobriety.files import lock_for_life, open_atomically, take_lock
from ecosobriety.metering import exclusive_meter

pytestmark = pytest.mark.slow

SCRIPTS = Path(__file__).parents[2] / "scripts"
HOLD = """
import os, runpy, sys, time
sys.path.insert(0, sys.argv[1])
# Without the rest of the package, which takes many times as long to import.
exclusive_meter = runpy.run_path(f"{sys.argv[1]}/ecosobriety/metering/lock.py")["exclusive_meter"]
with exclusive_meter(sys.argv[2]):
    print(time.time(), flush=True)
    exec(sys.argv[3])
    print(time.time(), flush=True)
"""
OTHER_ACCOUNT = 54321
"""As it need not exist, it has no name, as in containers."""
AS_OTHER = ["setpriv", f"--reuid={OTHER_ACCOUNT}", f"--regid={OTHER_ACCOUNT}", "--clear-groups"]
# It may read all, as the interpreter may lie in root's home; it may not write.
AS_OTHER += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="takes another account: only root can")


@pytest.fixture
def name():
    """A lock of the test's own: other studies on this machine go on."""
    return f"ecosobriety-test-{uuid.uuid4()}"


@pytest.fixture
def hold(name):
    """Start a process that holds the lock while it does something."""
    started = []

    def start(work, *before, **options):
        command = [*before, sys.executable, "-c", HOLD, str(SCRIPTS), name, work]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, **options)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_windows_of_two_processes_never_overlap(hold):
    processes = [hold("time.sleep(0.5)") for _ in range(3)]
    windows = sorted([float(t) for t in p.communicate(timeout=60)[0].split()] for p in processes)
    for (_, ended_at), (started_at, _) in pairwise(windows):
        assert ended_at <= started_at


def test_two_values_of_tmpdir_are_one_lock(hold, tmp_path):
    (tmp_path / "other").mkdir()
    environments = [{**os.environ, "TMPDIR": str(path)} for path in (tmp_path, tmp_path / "other")]
    processes = [hold("time.sleep(0.5)", env=environment) for environment in environments]
    windows = sorted([float(t) for t in p.communicate(timeout=60)[0].split()] for p in processes)
    assert windows[0][1] <= windows[1][0]


def test_the_lock_of_a_killed_process_is_free_at_once(hold, name, caplog):
    holder = hold("time.sleep(600)")
    holder.stdout.readline()
    holder.kill()
    holder.wait()
    with exclusive_meter(name):
        assert "waiting" not in caplog.text


def test_a_forked_worker_that_outlives_the_holder_does_not_hold_on_to_the_lock(hold, name):
    holder = hold("worker = os.fork()\nif worker: print(worker, flush=True)\ntime.sleep(60)")
    holder.stdout.readline()
    worker = psutil.Process(int(holder.stdout.readline()))
    holder.kill()
    holder.wait()
    with exclusive_meter(name):
        assert worker.is_running()
    worker.kill()


def test_who_waits_says_for_whom_and_goes_on_at_once(hold, name, caplog):
    holder = hold("time.sleep(1)")
    holder.stdout.readline()
    with exclusive_meter(name):
        entered_at = time.time()
    assert f"(process {holder.pid} of {files.account(os.getuid())})" in caplog.text
    assert entered_at - float(holder.stdout.readline()) < 0.5


@needs_root
@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_another_account_waits_in_turn(hold, name, caplog):
    """Each way round, and whoever comes first: a lock without an owner."""
    holder = hold("time.sleep(1)", *AS_OTHER)
    holder.stdout.readline()
    with exclusive_meter(name):
        other = hold("pass", *AS_OTHER)
        time.sleep(1)
        assert other.poll() is None
    assert other.wait(timeout=60) == 0
    assert f"(process {holder.pid} of account {OTHER_ACCOUNT})" in caplog.text


def test_two_trainings_in_one_process_are_refused(name):
    with (
        exclusive_meter(name),
        pytest.raises(MeteringError, match="holds the energy meter's lock"),
        exclusive_meter(name),
    ):
        pass
    with exclusive_meter(name):
        pass


def test_without_kernel_names_a_file_is_the_lock(monkeypatch, name, tmp_path):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("ecosobriety.metering.lock._SHARED_FOLDER", tmp_path)
    seen = []
    old = os.umask(0o077)
    try:
        with exclusive_meter(name):
            (path,) = tmp_path.iterdir()
            # Another account can lock it, too.
            assert path.stat().st_mode & 0o777 == 0o644

            def on_wait(file):
                seen.append(file)
                raise EcosobrietyError("held")

            with pytest.raises(EcosobrietyError, match="held"):
                take_lock(path, shared=True, on_wait=on_wait)
        assert seen
        take_lock(path, shared=True, on_wait=seen.append).close()
    finally:
        os.umask(old)
    assert len(seen) == 1


def test_the_lock_of_a_folder_lasts_as_long_as_its_process(tmp_path):
    path = tmp_path / "deep/lock"
    lock_for_life(path)
    assert lock_for_life(path) is lock_for_life(path)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from ecosobriety.files import lock_for_life; lock_for_life(Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(SCRIPTS), str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert f"{path} is held by process {os.getpid()} of " in done.stderr


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Path.mkdir, "Is a directory"),
        (lambda path: path.symlink_to(path.with_name("victim")), "it is a link"),
        (os.mkfifo, "it is no ordinary file"),
    ],
)
def test_what_cannot_be_locked_is_one_sentence_with_file_and_owner(tmp_path, make, reason):
    path = tmp_path / "lock"
    make(path)
    with pytest.raises(EcosobrietyError) as error:
        lock_for_life(path)
    me = files.account(os.getuid())
    assert str(error.value) == f"{path}, which belongs to {me}, cannot be locked: {reason}"
    assert {p.name for p in tmp_path.iterdir()} == {"lock"}


@needs_root
def test_another_accounts_lock_that_may_not_be_written_is_named_with_its_owner(tmp_path):
    path = tmp_path / "lock"
    path.touch(mode=0o644)
    tmp_path.chmod(0o755)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from ecosobriety.files import lock_for_life; lock_for_life(Path(sys.argv[2]))"
    )
    command = [*AS_OTHER, sys.executable, "-c", code, str(SCRIPTS), str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stderr.strip().endswith(
        f"{path}, which belongs to root, cannot be locked: Permission denied"
    )


@pytest.mark.parametrize(("umask", "mode"), [(0o002, 0o664), (0o022, 0o644), (0o077, 0o600)])
def test_files_follow_the_umask(tmp_path, umask, mode):
    old = os.umask(umask)
    try:
        with open_atomically(tmp_path / "folder/file") as file:
            file.write(b"x")
    finally:
        os.umask(old)
    assert (tmp_path / "folder/file").stat().st_mode & 0o777 == mode
    assert (tmp_path / "folder").stat().st_mode & 0o777 == (0o777 & ~umask)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["file"]


def test_what_a_killed_process_left_of_a_file_goes_with_the_next_one(tmp_path):
    path, node = tmp_path / "seed1.json", os.uname().nodename
    code = (
        "import os, sys; from pathlib import Path; from ecosobriety.files import open_atomically\n"
        "with open_atomically(Path(sys.argv[1])) as file: os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(files.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", code, str(path)], env=environment)
    (half,) = tmp_path.iterdir()
    # Of a process that is at work, of another machine, and of another file.
    kept = {f".seed1.json.{node}-{os.getpid()}-00000000", ".seed1.json.elsewhere-1-00000000"}
    kept |= {half.name.replace("seed1", "seed2")}
    for name in kept:
        (tmp_path / name).touch()
    with open_atomically(path) as file:
        file.write(b"whole")
    assert {each.name for each in tmp_path.iterdir()} == kept | {"seed1.json"}
    assert path.read_bytes() == b"whole"
