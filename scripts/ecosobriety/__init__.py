"""How little training data gives the same accuracy, and what that saves in kWh, CO2 and money.

The library behind the workflow. It knows nothing of Snakemake. Its rooms follow the steps of a
study, and a module imports only from its own room and from those above it in this list:

- errors: what a user can mend, in one sentence
- languages: those of the report
- discovery: rooms whose modules add themselves
- reasons: why a value is missing, estimated or to be taken with care
- units, metrics, scoring, metric_names: conversions; what a study's score is, how it is computed,
  and what a name says of it
- files: whole files
- country_codes: of ISO 3166
- catalogue, metric_words, texts: the reader's languages, and what they call the study's metric
- tables: the contract of the output tables
- hardware: the machine, and how much of it a process may use
- startup: in which order a step imports, and when garbage is collected
- user_code: a user's own classes, and the fingerprints of code
- records: what is kept of each training, and which records count
- steps: what every step does around its work: log, seals, end, queue
- electricity: countries and energy sources, their carbon intensity and cost
- datasets: how data are kept, described, split and sampled
- checks: what is odd about data
- readers: data as users bring them, found and read
- imported: runs that exist already, read from tables
- study_config: the study's file, read, checked and completed
- metering: the energy of a window
- training: a measured training in our own loop
- outside: a measured training that is the user's own command
- doctor: what can be measured on this machine
- provenance: where a study's numbers come from
- decision: how much training data is enough
- footprint: what trainings emit and cost
- forecast: what a study will take, and what it may take
- methods: ways of quantifying a footprint, compared
- study: what is shown of a study
- studies: several finished studies, side by side
- claims: the poster's claims, put to the test
- figures, reporting, exporting: a study for its readers
"""
