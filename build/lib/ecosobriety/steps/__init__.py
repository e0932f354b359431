"""What every step of the workflow does around its work: its log, its seals, its end, its queue."""
