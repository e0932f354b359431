"""The study's file: read as it is written, checked against its schema, completed."""
