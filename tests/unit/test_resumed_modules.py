"""A module that is killed and goes on from its checkpoint is the module that was never killed."""

import dataclasses

import irregular_modules
import pytest
import resumed_modules
import resumed_states
from own_training import train_class
from test_training import SETTINGS

from ecosobriety.errors import ConfigError

pytestmark = pytest.mark.slow
MODULES = [
    "Halving",
    "Stepping",
    "Scheduled",
    "OnPlateau",
    "Patient",
    "Starting",
    "Noisy",
    "Cooling",
    "Meaning",
    "Remembering",
    "Called",
    "Drawing",
    "Unfreezing",
    "Averaged",
    "AveragedByLightning",
    "Pruning",
]


STATES = [
    *("Teaching", "Beginning", "Collecting", "Annealing"),
    *("Aliasing", "Exchanging", "Owning", "Shadowed", "LookingAhead", "Clipping"),
]
BEGIN_ANEW = {"Aliasing", "Owning", "LookingAhead", "Pruning"}


@pytest.mark.parametrize("name", MODULES + STATES)
@pytest.mark.parametrize("max_steps", [None, 55])
def test_each_epoch_ends_once_however_often_it_is_killed(
    digits, tmp_path, monkeypatch, name, max_steps
):
    monkeypatch.chdir(tmp_path)
    module = resumed_states if name in STATES else resumed_modules
    kind = vars(module)[name]
    original = kind.training_step
    settings = dataclasses.replace(SETTINGS, epochs=6, max_steps=max_steps)

    def run(checkpoints=None):
        path, options = f"{module.__name__}.{name}", {"settings": settings, "learning_rate": 0.05}
        return train_class(digits, tmp_path, path, checkpoints=checkpoints, **options)

    whole = run()
    for killed_in in (1, 2, 3):

        def die(self, *arguments, epoch=killed_in):
            if self.trainer.current_epoch == epoch:
                raise KeyboardInterrupt
            return original(self, *arguments)

        # The rehearsal, in a process of its own, has a single epoch.
        monkeypatch.setattr(kind, "training_step", die)
        with pytest.raises(BaseException):  # noqa: B017, PT011 (Lightning decides how it ends)
            run(tmp_path / "kept")
    monkeypatch.setattr(kind, "training_step", original)
    # What cannot be given back as it was begins anew.
    assert (tmp_path / "kept/mine.ckpt").exists() == (name not in BEGIN_ANEW)
    resumed = run(tmp_path / "kept")
    assert (resumed.steps, resumed.epochs) == (whole.steps, whole.epochs)
    assert (resumed.scores, resumed.test_loss) == (whole.scores, whole.test_loss)
    assert len(resumed.epoch_log) == len(whole.epoch_log)


@pytest.mark.parametrize("name", ["Grouping", "Switching"])
def test_what_cannot_go_on_begins_again(digits, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    kind = vars(resumed_modules)[name]
    original = kind.training_step
    settings = dataclasses.replace(SETTINGS, epochs=4)

    def run(checkpoints=None):
        path, options = f"resumed_modules.{name}", {"settings": settings, "learning_rate": 0.05}
        return train_class(digits, tmp_path, path, checkpoints=checkpoints, **options)

    def die(self, *arguments):
        if self.trainer.current_epoch == 2:
            raise KeyboardInterrupt
        return original(self, *arguments)

    whole = run()
    monkeypatch.setattr(kind, "training_step", die)
    with pytest.raises(BaseException):  # noqa: B017, PT011 (Lightning decides how it ends)
        run(tmp_path / "kept")
    monkeypatch.setattr(kind, "training_step", original)
    with pytest.raises(ConfigError, match="cannot go on from its checkpoint") as caught:
        run(tmp_path / "kept")
    assert len(str(caught.value)) <= 300
    again = run(tmp_path / "kept")
    assert (again.scores, again.test_loss) == (whole.scores, whole.test_loss)


@pytest.mark.parametrize("name", ["Listing", "ListingByItsOwnForm"])
def test_a_plain_network_goes_on_too(digits, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    original = irregular_modules.Listing.forward
    settings = dataclasses.replace(SETTINGS, epochs=6)

    def run(checkpoints=None):
        path, options = f"irregular_modules.{name}", {"settings": settings, "learning_rate": 0.05}
        return train_class(digits, tmp_path, path, checkpoints=checkpoints, **options)

    whole = run()

    def die(self, x):
        if len(self.seen) > 35:
            raise KeyboardInterrupt
        return original(self, x)

    monkeypatch.setattr(irregular_modules.Listing, "forward", die)
    with pytest.raises(BaseException):  # noqa: B017, PT011 (Lightning decides how it ends)
        run(tmp_path / "kept")
    assert (tmp_path / "kept/mine.ckpt").exists()
    monkeypatch.setattr(irregular_modules.Listing, "forward", original)
    resumed = run(tmp_path / "kept")
    assert (resumed.scores, resumed.test_loss) == (whole.scores, whole.test_loss)
    assert resumed.steps == whole.steps
