"""What a training's record may say: a changed sentence is another training's; see `fingerprint`."""

METER = {
    "gpus_metered": "its energy is that of {count} GPUs, whatever worked on them: "
    "CUDA_VISIBLE_DEVICES, set before the study, leaves those that train",
    "load_model": "no readable hardware counter; TDP {tdp_w} W from {origin}",
    "constant_power": "no readable hardware counter or load; TDP {tdp_w} W from {origin}",
    "memory_size": "guessed from the memory's size",
    "given": "metering.{key}",
    "memory_unknown": "the size of the memory is not known",
    "no_cpu": "CodeCarbon found no CPU to track",
    "no_gpu": "no GPU found",
    "power_only": "no energy counter; its power is read at each sample",
    "unreadable": "{counter} was not readable in this window",
    "stands": "{counter} stood still in this window",
    "jumps": "{counter} jumped in this window",
    "falls": "{counter} was set back in this window",
    "too_short": "{counter} moves too rarely for a window this short",
    "power_instead": "{counter} moves too rarely in so short a window: its power at the end is "
    "taken",
    "unreadable_filled": "{counter} was not readable for {gap_s} of {window_s} s{fill}",
    "stands_filled": "{counter} stood still for {gap_s} of {window_s} s{fill}",
    "jumps_filled": "{counter} jumped; unknown are {gap_s} of {window_s} s{fill}",
    "falls_filled": "{counter} was set back; unknown are {gap_s} of {window_s} s{fill}",
    "uneven": "{counter} moved by {high_w} W at once, by {low_w} W else: a jump, or work",
    "gpu_zero": "the meter gave 0 kWh for a training on the GPU",
    "no_energy": "the meter gave no energy for it",
    "part_missing": "the energy of {components} is missing: {reason}",
    "not_simulated": "not simulated",
    "not_recorded": "not recorded",
}
"""Of a hardware component."""

FLOP = {
    "flop_later": "its steps take other operations in later epochs",
    "flop_irregular": "its steps do not all take the same operations",
    "flop_element_wise": "it has no matrix product and no convolution, and only these are counted",
    "flop_outside": "it trains or computes outside of its steps, in a hook",
    "flop_no_backward": "its steps have no backward pass that Lightning sees",
    "flop_no_proportion": "the operations of its steps are not in proportion to the examples",
    "flop_unknown": "PyTorch's counter does not know {names}",
    "flop_failed": "counting failed: {error}",
    "flop_too_long": "the rehearsal took longer than {limit_s} s",
    "flop_ended": "the rehearsal ended by itself ({status}): {error}",
}
"""Why a training's operations are not counted."""

EPOCHS = {
    "epochs_off": "training.score_epochs is false",
    "epochs_one": "training.score_epochs asks for no test before the last epoch",
    "epochs_schedule": "its learning rate has a schedule: ending it earlier is another training",
    "epochs_test_hook": "{name} does something in the test, which no test of an earlier epoch has",
    "epochs_end_known": "{name} asks how long it trains: ending it earlier may be another training",
    "epochs_end_hook": "{name} does something when the training ends, which no earlier epoch had",
    "epochs_diverged": "the weights after this epoch give no finite loss",
    "epochs_reshaped": "what the network keeps cannot be given back to it as it was after an epoch",
}
"""Why no epoch but the last was tested."""

TRAINING = {
    "undetermined": "PyTorch has no deterministic form of {names}: two trainings of one seed may "
    "differ",
    "weights_untrained": "{share} of its weights decide its outputs and are not trained ({names}): "
    "no gradient but 0 reaches them, as behind a detach, no optimiser has them, or "
    "toggle_optimizer keeps them frozen",
    "outputs_in_own_unit": "it gives about {value} before its training, but its targets are "
    "standardised (mean 0, deviation 1): leave out what brings its outputs to the targets' own "
    "unit",
    "one_answer": "it gives different examples the same output, after a few batches",
    "test_mode": "layers are in the mode of the test while it is trained ({names}), as after "
    "eval()",
    "outputs_unused": "its loss is made of {used} of its {number} outputs, by which it is scored",
    "test_unchanged": "its outputs in the test are the same before and after its first batches, "
    "although its weights changed: is what is tested trained?",
    "examples_unused": "its loss is made of {share} of the examples of its batches",
    "class_unused": "its loss leaves out all examples of label {labels}, as under an ignore_index "
    "or a weight of 0",
    "labels_unused": "its first batches teach it the same when their examples exchange their "
    "labels or targets: is its loss made of these?",
    "labels_renumbered": "labels {given} reach its training_step as {taken}",
    "labels_not_learnt": "its loss wants the label of {share} of its examples alone: are they "
    "shuffled, shifted or left out?",
    "decay_large": "its weight_decay of {decay} outweighs what it learns, at the learning rate "
    "{rate}",
    "momentum_whole": "its optimiser's momentum of {value} never forgets a gradient",
    "rate_vanishes": "its learning rate is less than a millionth of its highest from epoch {epoch} "
    "of {epochs} on, so that it learns nothing more",
    "rate_stays_low": "its learning rate stays at or below {highest} in its {epochs} epochs, far "
    "below the {rate} that is set: does its schedule rise over more epochs, or count batches?",
    "rate_rises_again": "its {name} falls over {length} steps, but takes {steps} in the training, "
    "so that its learning rate rises again: is it meant to?",
    "rate_unfinished": "its {name} is set for {length} steps, but takes {steps} in the training, "
    "so that its learning rate does not come down: does it count batches?",
    "errors_averaged": "its loss gives all examples of a batch one gradient, whatever their "
    "errors: is it the square of a mean, in place of the mean of the squares?",
    "layer_repeated": "its {name} holds one layer {number} times, whose weights are the same: is a "
    "list multiplied, as in [layer] * n?",
    "schedule_lost": "its configure_optimizers makes a schedule and does not return it, so that it "
    "never takes a step",
    "monitor_wrong_way": "its {name} has the mode {mode} for {monitor}, of which its name says the "
    "opposite: is it to be {wanted}?",
    "norm_lags": "the averages of its batch norm are still {share} what they began with after "
    "{batches} batches, and a test takes them: a momentum of {momentum} is too small for so few",
    "norm_begins": "the averages of its batch norm are still {share} what they began with, and a "
    "test takes them: its training has {batches} batches, which are few for them",
    "norm_of_last_batch": "its batch norm has a momentum of {momentum}, so that a test takes the "
    "statistics of the last batch alone: in PyTorch, Keras' 0.99 is 0.01",
    "average_lags": "the averages of its weights are still {share} what they began with after "
    "{batches} batches, and a test takes them: a decay of {decay} is too slow for so few",
    "rate_at_share": "its {name} waits for step {step}, which never comes, as steps are whole "
    "numbers: is a share of the training given in place of steps?",
    "rate_by_share": "its {name} is given {step}, which is no whole number of steps: is a share of "
    "the training given in place of steps?",
    "config_keys_unused": "Lightning does not know {keys} in what its configure_optimizers "
    "returns, and ignores it: is it misspelt?",
    "schedule_never_stepped": "its {name} never takes a step: with manual optimisation, the module "
    "itself must call step() of its lr_schedulers()",
    "rate_unchanged": "its learning rate is the same in its {epochs} epochs: its {name} changes it "
    "from epoch {epoch} on; does it count batches?",
    "test_hook_unused": "its {name} changes what it answers, and the study does not call it: bring "
    "it as a callback of configure_callbacks",
    "schedule_stepped_twice": "its {name} takes {steps} steps in an epoch in which Lightning takes "
    "{wanted}: does the module call its step() as well?",
    "schedule_not_returned": "its learning rate begins at {rate}, far below the {given} that is "
    "set, and nothing raises it: is a schedule made and not returned?",
    "probabilities_as_logits": "its loss treats its outputs as logits, though they lie between 0 "
    "and 1, as after a softmax or a sigmoid: it learns slowly, and never becomes sure",
    "rate_searched": "its {name} takes steps before each training, and sets another learning rate "
    "for each size and seed",
    "ended_by_clock": "its {name} ends a training by the clock, so that what it learns depends on "
    "the machine's pace",
    "same_weights": "it begins with the same weights for every seed, as pretrained ones do: its "
    "seeds differ by their examples and their order alone",
}
"""What is odd about a network's training, and may be meant so."""

COMMAND = {
    "not_reported": "the command does not report it",
    "gpu_or_cpu": "the machine has a GPU, and whether the command used it is not known: "
    "models[].accelerator says it",
    "within": "it is part of the command's own energy",
}
"""What is not known of a training that is the user's command."""
