"""Inputs whose truth is known, made at random: each is read as it was meant, or refused."""
