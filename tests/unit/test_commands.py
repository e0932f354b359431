"""A training that is the user's own command: what it holds, how it is run, what it reports."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecosobriety.errors import ConfigError, MeteringError
from ecosobriety.metering import FakeMeter, Ledger
from ecosobriety.metrics import ACCURACY, metric_from
from ecosobriety.outside.command import lay_out, run_command
from ecosobriety.outside.recording import CommandRun, CommandTraining, command_record
from ecosobriety.outside.result import read_result
from ecosobriety.readers import read_declared
from ecosobriety.user_code.commands import (
    PLACEHOLDERS,
    fault,
    fill,
    placeholders,
    program_fault,
    shell_fault,
)

PARAMETERS = {
    "metering.country": "FRA",
    "metering.interval_s": 1.0,
    "metering.cpu_power_w": 10.0,
    "metering.ram_power_w": 1.0,
}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("a {subset} {result}", None),
        ("a {n_train} {seed} {result}", None),
        ("a ${HOME} {{x}} '{{' {subset} {result}", None),
        ("a {subset}", "must hold {result}"),
        ("a {n_train} {result}", "must hold {subset}, or {n_train} and {seed}"),
        ("a {seed} {result}", "must hold {subset}, or {n_train} and {seed}"),
        ("a {sbset} {result}", "holds {sbset}, but must hold placeholders among {subset}"),
        ("a {n_train:05d} {seed} {result}", "holds {n_train:05d}, but must hold {n_train} alone"),
        ("a '{subset}' {result}", "holds '{subset}', but must hold {subset} alone"),
        ('a --out="{result}" {subset}', 'holds "{result}", but must hold {result} alone'),
        ("a ${seed:-5} ${#seed} {subset} {result}", None),
        ("awk '{print $1}' {subset} {result}", None),
        ("a ${seed} {subset} {result}", "holds ${seed}, a variable of the shell that it does not"),
        ("a --seed=${seed} {subset} {result}", "holds ${seed}, a variable of the shell that"),
        ("a seed=$seed {subset} {result}", "holds $seed, a variable of the shell that it does not"),
        ("seed={seed}; a --seed=$seed {subset} {result}", None),
        ("a --seed $SEED {subset} {result}", "holds $SEED, a variable of the shell that it"),
        ("a ${N_TRAIN} {seed} {subset} {result}", "must hold {n_train}, which is replaced"),
        ("a --n $n_train {subset} {result}", "holds $n_train, a variable of the shell that it"),
        ("result={result}; a {subset} $result", None),
        ("for seed in 1 2; do a $seed {subset}; done; b {result}", None),
        ("CUDA_VISIBLE_DEVICES= a {subset} {result}", None),
        ("export CUDA_VISIBLE_DEVICES=-1; a {subset} {result}", None),
        ("docker run -e CUDA_VISIBLE_DEVICES=$CUDA_VISIBLE_DEVICES a {subset} {result}", None),
        ("CUDA_VISIBLE_DEVICES=${CUDA_VISIBLE_DEVICES:-0} a {subset} {result}", "sets CUDA_"),
        ("CUDA_VISIBLE_DEVICES=$CUDA_VISIBLE_DEVICES,1 a {subset} {result}", "sets CUDA_"),
        ("CUDA_VISIBLE_DEVICES=0 a {subset} {result}", "sets CUDA_VISIBLE_DEVICES, but must"),
        ("env CUDA_VISIBLE_DEVICES='1,2' a {subset} {result}", "sets CUDA_VISIBLE_DEVICES, but"),
        ("a $seeds ${data_dir} {subset} {result}", None),
        ("awk '{print}' {subset} {result}", "braces of its own are doubled: {{print}}"),
    ],
)
def test_what_a_command_must_hold(command, said):
    found = fault(command)
    assert (found is None) if said is None else said in found


@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])))
def test_a_shell_reads_every_value_as_it_is(value):
    text = fill("x {subset} '{{a}}' ${HOME}", {"subset": value})
    assert shlex.split(text) == ["x", value, "{a}", "${HOME}"]


@pytest.mark.parametrize(
    ("command", "filled"),
    [
        # What closes braces that nobody doubled is as it was.
        ("""a '{"b": {"c": 3}}' {seed}""", """a '{"b": {"c": 3}}' 7"""),
        ("""a '{"b": {"c": {seed}}}'""", """a '{"b": {"c": 7}}'"""),
        ("awk '{if ($1) {n++}}' {seed}", "awk '{if ($1) {n++}}' 7"),
        ("""a '{{"b": {{"c": {seed}}}}}'""", """a '{"b": {"c": 7}}'"""),
        ("awk '{{print $1}}' }} {seed}", "awk '{print $1}' }} 7"),
        ("f() { g() { :;};}; f {{{seed}}}", "f() { g() { :;};}; f {7}"),
    ],
)
def test_braces_of_ones_own_stay_as_they_are_and_doubled_ones_become_one(command, filled):
    assert fill(command, {"seed": 7}) == filled


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("a 'b {subset} {result}", "must be what sh can read: "),
        ("a {subset} > {result} )", "must be what sh can read: "),
        ("if a {subset}; then b > {result}; fi", None),
        ("a {subset} > {result}", None),
    ],
)
def test_what_a_shell_cannot_read_is_known_before(command, said):
    found = shell_fault("sh", command)
    assert (found is None) if said is None else said in found
    assert shell_fault("no-such-shell", command) is None


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pyton x.py {subset}", "begins with pyton, which is not found on this machine"),
        ("./train.sh {subset}", "begins with ./train.sh, which is not found on this machine"),
        ("./given.sh {subset}", "begins with ./given.sh, which may not be executed: chmod +x"),
        ("cd x && pyton y", None),
        ("A=1 pyton x.py", None),
        ("'my program' x", None),
        ("sh -c x", None),
        ("source env && sh x", "uses source, which sh does not know and bash does: set shell: b"),
        ("cd x; source env", "uses source"),
        ("cd x\n  source env\nsh x", "uses source"),
        ("if [[ -f x ]]; then sh x; fi", "uses [[, which sh does not know"),
        ("if [ -f x ]; then . ./env; fi; echo source x", None),
        ('bash -c "cd x; source env"', None),
    ],
)
def test_what_its_shell_cannot_run_is_known_before(tmp_path, command, expected):
    (tmp_path / "given.sh").touch(mode=0o644)
    found = program_fault("sh", command, tmp_path)
    assert (found is None) if expected is None else found.startswith(expected)
    assert program_fault("no-such-shell", command.replace("./given", "x"), tmp_path) is None


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_shell_knows_its_own_words(tmp_path):
    assert program_fault("bash", "source env && [[ -f x ]] && sh x", tmp_path) is None


def test_every_placeholder_is_found():
    command = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    assert placeholders(command) == [*PLACEHOLDERS]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "wrote no {result}"),
        ("", "is no JSON"),
        ("[1]", 'must be a JSON object such as {"accuracy": 0.9}'),
        ('{"acc": 0.9}', 'holds "acc", but must hold the study\'s accuracy'),
        ("{}", "holds nothing"),
        ('{"accuracy": "0.9"}', 'says "accuracy" is "0.9", but must be a number'),
        ('{"accuracy": true}', "but must be a number"),
        ('{"accuracy": null}', "but must be a number"),
        ('{"accuracy": NaN}', "but must be a finite number"),
        ('{"accuracy": 1e999}', "but must be a finite number"),
        (f'{{"accuracy": 1{"0" * 400}}}', "but must be a finite number"),
        ('{"accuracy": 87.0}', "is 87, but must be from 0 to 1 (did you mean 0.87?)"),
        ('{"accuracy": 1.0000001}', "is 1.0000001, but must be from 0 to 1"),
        ('{"accuracy": -0.5}', "is -0.5, but must be from 0 to 1"),
        ('{"accuracy": 0.5, "macro_f1": 3}', "macro_f1 is 3"),
        ('{"accuracy": 0.5, "accuracy": 0.6}', "accuracy stands in it twice"),
        ('{"accuracy": 0.5', "is no JSON"),
    ],
)
def test_a_result_is_read_or_refused(tmp_path, text, said):
    path = tmp_path / "result.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_result("models: forest", path, ACCURACY)
    assert str(error.value).startswith("models: forest: its result")
    assert said in str(error.value)
    assert len(str(error.value)) <= 300


def test_a_hair_above_a_limit_is_called_no_percentage():
    assert ACCURACY.impossible(1.0000001) == "must be from 0 to 1"


def test_other_numbers_are_kept(tmp_path):
    (tmp_path / "r.json").write_text('{"top5": -3, "trees": 100}')
    metric = metric_from({"name": "top5", "better": "higher"})
    assert read_result("models: forest", tmp_path / "r.json", metric).scores == {
        "top5": -3.0,
        "trees": 100.0,
    }


@pytest.fixture(name="run")
def running(tmp_path):
    def run(command, time_limit_s=None, meter=None, **values):
        training = CommandTraining("mine", command, "sh", 10, 1, 2, "code")
        values = {
            "subset": tmp_path / "s.npy",
            "result": tmp_path / "r.json",
            "checkpoint": tmp_path / "checkpoint",
            **values,
        }
        run.ledger = Ledger(tmp_path / "attempts", identity="this")
        return run_command(
            training,
            values,
            time_limit_s=time_limit_s,
            metric=ACCURACY,
            meter=meter or FakeMeter(),
            ledger=run.ledger,
            parameters=PARAMETERS,
            log=tmp_path / "log",
        )

    return run


def test_a_failed_command_is_named_by_its_own_words(run, tmp_path):
    (tmp_path / "log").write_text("2026-11-26 12:33:00,734 WARNING ecosobriety.metering.lock: x\n")
    line = "2026-11-26 12:33:01,734 INFO ecosobriety.metering.meter: y"
    (tmp_path / "said").write_text(f"my own words\n{line}\n")
    with pytest.raises(ConfigError) as error:
        run(f"cat {tmp_path}/said; pyton {{result}}")
    said = str(error.value)
    assert said.startswith("models: mine (n_train 10, seed 1): the command")
    assert "my own words / " in said
    assert "ecosobriety.metering" not in said


KILLED = """
import sys, time
from pathlib import Path
from ecosobriety.outside.session import guard, started
command = ["sh", "-c", "sleep 98764 & sleep 98764"]
with guard() as watched, started(command, {}, None, watched) as process:
    print(process.pid, flush=True)
    time.sleep(60)
"""


def test_a_command_does_not_outlive_who_measures_it(tmp_path):
    path = os.pathsep.join(sys.path)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
    ) as measuring:
        assert measuring.stdout.readline()
        wait_until(lambda: len(sleeping(98764)) == 2)
        measuring.kill()
    wait_until(lambda: not sleeping(98764))


def wait_until(holds):
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def entry(run):
    return json.loads(run.ledger.path.read_text())


@pytest.mark.slow
def test_the_window_is_the_life_of_the_process(run):
    began_s = time.monotonic()
    done = run("sleep 0.5; echo done; echo '{{\"accuracy\": 0.9}}' > {result}")
    assert (done.kind, done.scores) == ("process", {"accuracy": 0.9})
    assert 0.5 <= done.window.duration_s <= time.monotonic() - began_s
    assert done.window == done.process
    assert run.ledger.path.exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("echo one; echo two >&2; exit 3", "ended with 3: one / two"),
        ("no-such-program {result}", "cannot be run (127)"),
        ("kill -9 $$", "was ended by signal 9: no output"),
        ("true", "wrote no {result}"),
        ("(exit 4)\necho '{{\"accuracy\": 0.9}}' > {result}", "ended with 4"),
        ("(exit 4); echo '{{\"accuracy\": 0.9}}' > {result}", "ended with 4"),
        ("cd nowhere || true; if false; then x; fi; exit 5", "ended with 5"),
    ],
)
def test_a_failed_command_is_one_sentence_and_its_energy_is_kept(run, command, said):
    with pytest.raises(ConfigError) as error:
        run(command)
    assert "models: mine" in str(error.value)
    assert said in str(error.value)
    assert entry(run)["status"] == "failed"
    assert entry(run)["energy_kwh"] >= 0


@pytest.mark.slow
def test_a_command_that_never_ends_is_ended(run):
    with pytest.raises(ConfigError, match=r"was not finished after 1 s \(time_limit_s\)"):
        run("sleep 98761 & sleep 98761", time_limit_s=1.0)
    assert entry(run)["status"] == "failed"
    assert not sleeping(98761)


@pytest.mark.slow
def test_what_a_command_leaves_at_work_is_ended(run):
    run("sleep 98762 & echo '{{\"accuracy\": 0.9}}' > {result}")
    assert not sleeping(98762)


def sleeping(seconds):
    command = ["sleep", f"{seconds}"]
    return [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == command]


def test_an_older_result_is_not_taken(run, tmp_path):
    (tmp_path / "r.json").write_text('{"accuracy": 0.9}')
    with pytest.raises(ConfigError, match="wrote no"):
        run("true")


def test_a_meter_that_gives_nothing_is_one_sentence(run):
    with pytest.raises(MeteringError, match=r"energy is not known \(the meter gave 0\.0 kWh\)"):
        run("echo '{{\"accuracy\": 0.9}}' > {result}", meter=FakeMeter(cpu_w=0.0))
    assert entry(run)["status"] == "failed"


RESUMED = (
    "if [ -e {checkpoint}/half ]; then sleep 0.2; echo '{{\"accuracy\": 0.9}}' > {result}; "
    "else sleep 0.4; echo {saved} > {checkpoint}/half; exit 1; fi"
)


@pytest.mark.slow
def test_a_run_that_goes_on_has_the_energy_of_all_its_attempts(run, tmp_path):
    (tmp_path / "checkpoint").mkdir()
    command = RESUMED.replace("{saved}", "x")
    with pytest.raises(ConfigError, match="ended with 1"):
        run(command)
    first = entry(run)
    assert first["carried_energy_kwh"] == 0
    done = run(command)
    # All the energy of the first is in the record, and none of it is lost.
    assert entry(run)["carried_energy_kwh"] == pytest.approx(first["energy_kwh"])
    assert done.kind == "process"
    assert done.window.windows == 2
    assert done.window.duration_s > 0.6
    assert done.window.energy_kwh > first["energy_kwh"]
    assert done.window.energy_kwh == pytest.approx(10 * done.window.duration_s / 3.6e6)


def test_an_attempt_that_left_no_checkpoint_is_lost(run, tmp_path):
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(ConfigError, match="ended with 1"):
        run("sleep 0.2; exit 1 # {checkpoint}")
    done = run("echo '{{\"accuracy\": 0.9}}' > {result} # {checkpoint}")
    assert entry(run)["carried_energy_kwh"] == 0
    assert done.window.windows == 1


def test_a_checkpoint_of_another_training_is_never_taken(tmp_path):
    declared = read_declared({"name": "mine", "n_examples": 9})
    training = CommandTraining("mine", "x {subset} {checkpoint} {result}", "sh", 4, 1, 2, "code")
    args = training, declared, tmp_path / "data.npz", tmp_path / "scratch"
    first = lay_out(*args, "one")["checkpoint"]
    (first / "half").touch()
    assert lay_out(*args, "one")["checkpoint"] == first
    assert (first / "half").exists()
    second = lay_out(*args, "two")["checkpoint"]
    assert not any(second.iterdir())
    assert not first.exists()
    rows = np.load(tmp_path / "scratch/subset.npy")
    assert len({*rows.tolist()}) == 4


def test_what_an_exact_window_leaves_out_counts_as_evaluation(run):
    dataset = read_declared({"name": "mine", "n_examples": 10})
    training = CommandTraining("mine", "x {subset} {result}", "sh", 10, 1, 2, "code")
    done = run("sleep 0.2; echo '{{\"accuracy\": 0.9}}' > {result}")
    of_window = done.window.model_copy(update={"energy_kwh": done.window.energy_kwh / 4})
    exact = CommandRun(done.scores, of_window, "exact", done.process)
    for each, expected in ((exact, 0.75 * done.window.energy_kwh), (done, None)):
        record = command_record(
            dataset, training, each, run.ledger, metering={"country_iso3": "FRA"}, lost_kwh=0.0
        )
        assert record.eval_energy_kwh == pytest.approx(expected)
        assert ("eval_energy_kwh" in record.missing) == (expected is None)
