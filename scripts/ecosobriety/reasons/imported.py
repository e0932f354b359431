"""What the record of a run that existed already may say."""

IMPORTED = {
    "not_in_table": "the imported table does not say it",
    "no_duration": "its duration is not known",
    "no_accelerator": "the table does not say whether it ran on a cpu or on cuda (accelerator), "
    "and its device is not in hardware_tdp.csv",
    "no_device": "the device that it ran on is not known",
    "no_threads": "the number of its threads is not known",
    "no_memory": "the size of the machine's memory is not known",
    "not_codecarbon": "its energy is imported, and not CodeCarbon's",
}
"""What is not known of a run that existed already."""
