"""How little training data gives the same accuracy, and what that saves in kWh, CO2 and money.

The library behind the workflow. It knows nothing of Snakemake. A module imports only from those
above it in this list:

errors, process, reasons, files, units, metrics, texts, fingerprint, orphans, seals, logs, slurm,
hardware, records, collecting, bundle, tracker_runs, tables, classes, datasets, country_names,
schema, study_files, config_layers, contradictions, config, models, own_networks, batches, fitting,
flops, rehearsal, metering, training, trackers, surroundings, doctor, provenance, curves, factors,
grid, country_data, equivalents, scenarios, cells, recommendation, methods, views, wording, claims,
figure_names, leftovers, figures, reporting, exporting.
"""
