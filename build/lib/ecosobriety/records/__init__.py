"""What is kept of each training, which records count for a study, and all of them in one file."""
