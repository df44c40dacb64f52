"""Figures on this machine: `python -m bench`."""
