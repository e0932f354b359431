"""Trainings that are not of our own loop: the user's commands."""
