"""A training in several processes: each machine is metered once, and all have the same result."""

import json
import os
import socket
import subprocess
import time
import zlib
from pathlib import Path

import pytest

from ecosobriety.metering import exclusive_meter
from warm import warm_executable

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("in_processes.py")
TORCHRUN = ("-m", "torch.distributed.run", "--no-python")
RANKS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "NODE_RANK", "GROUP_RANK", "TORCHELASTIC_RUN_ID")


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def start(arguments, folder, options, **environment):
    """Start a command that trains; `arguments` come before the script and its own."""
    known = {name: value for name, value in os.environ.items() if name not in RANKS}
    known |= {"OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", **environment}
    command = [warm_executable(), *arguments, str(SCRIPT), str(folder), json.dumps(options)]
    return subprocess.Popen(
        command, env=known, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def torchrun(options, *how):
    """Torchrun's own arguments: of one machine whose processes meet at a port, if not given."""
    how = how or (f"--master-port={free_port()}",)
    return [*TORCHRUN, f"--nproc-per-node={options['devices']}", *how, warm_executable()]


def ended(*processes):
    """Wait for all; what each said."""
    said = [process.communicate(timeout=120)[0] for process in processes]
    return [(process.returncode, text) for process, text in zip(processes, said, strict=True)]


def told(folder, processes):
    return [json.loads((folder / f"rank{n}.json").read_text()) for n in range(processes)]


def wh(energy_kwh):
    return energy_kwh * 1000


def check(ranks, machines):
    """2 epochs of 3 batches of 1 s, 2 validations of 2 batches of 10 s, 1 test of 100 s."""
    results = [rank["result"] for rank in ranks]
    assert all(result == results[0] for result in results)
    assert all(rank["state"] == ranks[0]["state"] for rank in ranks)
    assert wh(results[0]["energy_kwh"]) == pytest.approx(6.0 * machines)
    assert wh(results[0]["evaluation"]["cpu_kwh"]) == pytest.approx(140.0 * machines)
    epochs = results[0]["epochs"]
    assert [wh(epoch["energy_kwh"]) for epoch in epochs] == pytest.approx([3.0 * machines] * 2)
    # Machines work at the same time.
    assert results[0]["train"]["duration_s"] == pytest.approx(6.0)
    assert [epoch["duration_s"] for epoch in epochs] == pytest.approx([3.0, 3.0])
    metrics = {"rank": 0.0, "mean": (len(ranks) - 1) / 2}
    assert [epoch["metrics"] for epoch in epochs] == [metrics] * 2


def entries(folder):
    # As the ledger reads them: who is killed while it writes leaves a hidden file behind.
    return [json.loads(path.read_text()) for path in (folder / "attempts").glob("*.json")]


@pytest.mark.parametrize("launcher", ["torchrun", "lightning"])
@pytest.mark.parametrize("package", ["pytorch_lightning", "lightning"])
def test_two_processes_of_a_machine_are_one_window(tmp_path, launcher, package, request):
    # Who launches alone looks through all modules for who calls it, in seconds of the processor.
    options, alone = {"devices": 2}, ["--standalone"]
    if package == "lightning":
        options["lightning"], alone = str(request.getfixturevalue("lightning_folder")), []
    first = torchrun(options, *alone) if launcher == "torchrun" else []
    ((code, said),) = ended(start(first, tmp_path, options))
    assert code == 0, said
    ranks = told(tmp_path, 2)
    check(ranks, machines=1)
    assert len({rank["pid"] for rank in ranks}) == 2
    # The warm-up of FakeMeter opens no window: those are the training's and the test's.
    assert [rank["windows"] for rank in ranks] == [2, 0]
    (entry,) = entries(tmp_path)
    assert (entry["status"], entry["pid"]) == ("complete", ranks[0]["pid"])
    assert {entry["attempt"]} == {rank["attempt"] for rank in ranks}
    assert wh(entry["energy_kwh"]) == pytest.approx(6.0)


def two_nodes(folder, options, hosts):
    port = free_port()
    launched = [
        start(
            torchrun(
                options,
                *("--nnodes=2", f"--node-rank={node}"),
                *("--master-addr=127.0.0.1", f"--master-port={port}"),
            ),
            folder,
            {**options, "nodes": 2},
            TEST_HOST=host,
        )
        for node, host in enumerate(hosts)
    ]
    return ended(*launched)


def test_two_machines_are_summed(tmp_path):
    answers = two_nodes(tmp_path, {"devices": 2}, ["node-a", "node-b"])
    assert [code for code, _ in answers] == [0, 0], answers
    ranks = told(tmp_path, 4)
    check(ranks, machines=2)
    assert ranks[0]["result"]["hosts"] == ["node-a", "node-b"]
    assert [rank["windows"] for rank in ranks] == [2, 0, 2, 0]
    assert "node-a, node-b share a kernel, as containers of one machine do" in answers[0][1]
    (entry,) = entries(tmp_path)
    assert (entry["status"], wh(entry["energy_kwh"])) == ("complete", pytest.approx(12.0))


def test_two_launchers_on_one_machine_are_one_machine(tmp_path):
    answers = two_nodes(tmp_path, {"devices": 1}, ["node-a", "node-a"])
    assert [code for code, _ in answers] == [0, 0], answers
    check(told(tmp_path, 2), machines=1)


def test_the_window_lasts_until_the_slowest_is_done(tmp_path):
    options = {"devices": 2, "sleeps_s": 0.7}
    ((code, said),) = ended(start(torchrun(options), tmp_path, options))
    assert code == 0, said
    ranks = told(tmp_path, 2)
    # The second process sleeps after each of 2 epochs, after the last one too.
    assert ranks[0]["result"]["train"]["duration_s"] > 1.4
    assert ranks[0]["result"] == ranks[1]["result"]


@pytest.mark.parametrize("rank", [0, 1])
def test_an_error_in_one_process_ends_all_and_leaves_the_energy(tmp_path, rank):
    options = {"devices": 2, "fails": [rank, 4]}
    asked_at = time.monotonic()
    ((code, said),) = ended(start(torchrun(options), tmp_path, options))
    assert code != 0
    assert "the loss is not a number" in said
    assert time.monotonic() - asked_at < 60
    (entry,) = entries(tmp_path)
    assert entry["status"] in ("failed", "running")
    # 4 or 5 batches were done; at least the epoch's end is in the ledger.
    assert 3.0 - 1e-9 <= wh(entry["energy_kwh"]) <= 5.0 + 1e-9


def test_a_meter_that_fails_on_one_machine_ends_both(tmp_path):
    answers = two_nodes(tmp_path, {"devices": 1, "fault_on": "node-b"}, ["node-a", "node-b"])
    assert all(code != 0 for code, _ in answers)
    assert any("the counter is gone" in said for _, said in answers)


def test_a_training_goes_on_from_a_checkpoint_within_an_epoch_of_two_machines(tmp_path):
    hosts, options = ["node-a", "node-b"], {"devices": 1}
    assert [code for code, _ in two_nodes(tmp_path, options, hosts)] == [0, 0]
    options |= {"resume": str(tmp_path / "saved" / "step=2.ckpt")}
    later = tmp_path / "later"
    answers = two_nodes(later, options, hosts)
    assert [code for code, _ in answers] == [0, 0], answers
    ranks = told(later, 2)
    # On each machine two batches before, and seven more of three epochs.
    assert wh(ranks[0]["result"]["energy_kwh"]) == pytest.approx(18.0)
    assert ranks[0]["result"] == ranks[1]["result"]
    (entry,) = entries(later)
    assert wh(entry["energy_kwh"]) == pytest.approx(14.0)
    assert wh(entry["carried_energy_kwh"]) == pytest.approx(4.0)


def test_all_wait_for_who_measures_on_the_machine(tmp_path):
    options = {"devices": 2}
    name = f"ecosobriety-test-{zlib.crc32(str(tmp_path).encode())}"
    with exclusive_meter(name):
        waiting = start(torchrun(options), tmp_path, options)
        for line in waiting.stdout:
            if f"(process {os.getpid()} of" in line:
                break
        time.sleep(2.5)
        assert waiting.poll() is None
        assert not (tmp_path / "attempts").exists()
    ((code, said),) = ended(waiting)
    assert code == 0, said
    check(told(tmp_path, 2), machines=1)


def test_the_script_runs_alone_too(tmp_path):
    ((code, said),) = ended(start([], tmp_path, {"devices": 1}))
    assert code == 0, said
    check(told(tmp_path, 1), machines=1)
