"""What is shown of a study: its tables and factors, and one model at a time."""
