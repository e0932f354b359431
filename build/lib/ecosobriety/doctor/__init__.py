"""What can be measured on this machine, why not the rest, and what to do about it."""
