"""What is generated from the code: `python -m docs.generate`."""
