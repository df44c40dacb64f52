"""Everything that a demonstration on one machine needs beside the worker: servers to run, and somebody to act."""
