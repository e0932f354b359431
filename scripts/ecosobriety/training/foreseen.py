"""A user's networks, tried out before anything of a study is run; see `user_code.foresight`.

Run as a program, in a process of its own. It takes the data as they are prepared, or reads those
that are small, and plays the rehearsal of each network's training, without counting anything.
"""

import json
import sys
import traceback
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ecosobriety import datasets, readers
from ecosobriety.errors import EcosobrietyError
from ecosobriety.hardware import usable_cpus
from ecosobriety.training.batches import cut_batches
from ecosobriety.training.own_networks import uncalled_hooks
from ecosobriety.training.play import Play, content_of
from ecosobriety.training.stage import Stage
from ecosobriety.training.train import settings_from
from ecosobriety.user_code.classes import ClassSpec, load
from ecosobriety.user_code.lightnings import lightning_of
from ecosobriety.user_code.reading import reading, unwatched
from ecosobriety.user_code.words import cut_list

OF_OUR_LOOP: Mapping[str, object] = {
    **dict.fromkeys(("optimizer", "lr_scheduler", "gradient_clip_val")),
    "accumulate_grad_batches": 1,
}
"""Keys of `training` that modules which train themselves do not take, with their defaults."""


def tried_sizes(sizes: Sequence[int], batch_size: int) -> list[int]:
    """The smallest size, and one whose last batch is a single example, if there is any."""
    odd = [size for size in sizes if size > batch_size and size % batch_size == 1]
    return sorted({min(sizes), *odd[:1]})


def refuse(
    network: Mapping[str, Any],
    dataset: datasets.Dataset,
    about: Mapping[str, Any],
    warnings: list[str],
) -> str | None:
    """What is wrong with a network, in one sentence; None: nothing that is found in small.

    What is odd and may be meant so is added to the warnings.
    """
    settings = settings_from(about["parameters"], network["training"])
    seed = about["seed"]
    sizes = tried_sizes(about["sizes"], settings.batch_size)
    for n_train in sizes:
        task, batches, test_batches = cut_batches(dataset, n_train, seed, settings.batch_size)
        play = Play(
            class_path=network["class_path"],
            init_args=network["init_args"],
            task=task,
            settings=settings,
            seed=seed,
            threads=usable_cpus(),
            n_train=n_train,
            classes=dataset.classes,
        )
        try:
            stage = Stage(content_of(play, batches, test_batches))
            stage.try_out()
            noticed = [f"models: {play.class_path}: {what}" for what in stage.noticed]
            warnings += [sentence for sentence in noticed if sentence not in warnings]
            if stage.scheduled_by_batch and max(about["sizes"]) not in sizes:
                # It has the most batches, and its schedule may be over before they are.
                sizes.append(max(about["sizes"]))
        except EcosobrietyError as error:
            traceback.print_exc()
            return str(error)
    return None


def uncalled(network: Mapping[str, Any]) -> list[str]:
    """What a plain network has of a LightningModule's, and the study's own loop does not call."""
    spec = ClassSpec("network", network["class_path"], network["init_args"])
    found = load(spec)
    names = [] if lightning_of(found) is not None else uncalled_hooks(found)
    if not names:
        return []
    return [f"models: {spec.class_path}: the study's own loop does not call its {', '.join(names)}"]


def unread_settings(network: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    """What a study sets for its own loop, where its only model is a module that trains itself."""
    spec = ClassSpec("network", network["class_path"], network["init_args"])
    if not about.get("alone") or lightning_of(load(spec)) is None:
        return []
    given = {
        key: about["parameters"].get(f"training.{key}", OF_OUR_LOOP[key]) for key in OF_OUR_LOOP
    }
    keys = [f"training.{key}" for key, value in given.items() if value != OF_OUR_LOOP[key]]
    if not keys:
        return []
    named, have = ", ".join(keys), "has" if len(keys) == 1 else "have"
    return [f"models: {spec.class_path} trains itself, so that {named} {have} no effect"]


def unwatched_files(
    network: Mapping[str, Any], about: Mapping[str, Any], found: Collection[Path]
) -> list[str]:
    """Files of the study's folder that a network reads, and whose change would go unnoticed."""
    settings = settings_from(about["parameters"], network["training"])
    classes = [written for written in (settings.optimizer, settings.lr_scheduler) if written]
    paths = [network["class_path"], *(written["class_path"] for written in classes)]
    names = unwatched(found, paths, network["watch"], Path.cwd())
    if not names:
        return []
    these, are = cut_list(", ".join(names)), "is" if len(names) == 1 else "are"
    return [
        f"models: {network['class_path']} reads {these}, which {are} not in watch: a change would "
        "train nothing again"
    ]


def _trains_elsewhere(accelerator: str, refusal: str) -> bool:
    """Whether a GPU is meant that this machine, such as a cluster's login node, has not."""
    if torch.cuda.is_available() or accelerator == "cpu":
        return False
    return accelerator != "auto" or any(word in refusal.lower() for word in ("cuda", "nvidia"))


def _main() -> None:
    about, answer = json.loads(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2])
    answers: list[str | None] = []
    warnings: list[list[str]] = []

    def write(trying: bool) -> None:
        answer.write_text(json.dumps({"answers": answers, "warnings": warnings, "trying": trying}))

    # Data that are wrong are not the networks' fault, and are refused where they are prepared.
    prepared = about["prepared"]
    dataset = datasets.load(Path(prepared)) if prepared else readers.obtain(about["dataset"])
    # To compile takes long.
    with torch.compiler.set_stance("force_eager"):
        for network in about["networks"]:
            write(trying=True)
            odd: list[str] = []
            try:
                with reading(Path.cwd()) as found:
                    refusal = refuse(network, dataset, about, odd)
                odd += unwatched_files(network, about, found)
                odd += (
                    [*unread_settings(network, about), *uncalled(network)]
                    if refusal is None
                    else []
                )
            except BaseException:
                write(trying=False)
                raise
            elsewhere = _trains_elsewhere(
                about["parameters"]["training.accelerator"], refusal or ""
            )
            warnings.append(odd)
            answers.append(None if elsewhere else refusal)
    write(trying=False)


if __name__ == "__main__":
    _main()
