"""What must never leave: raised by whoever notices first."""


class MalformedLetter(Exception):
    """What was rendered does not read back as what was meant. Says which rule, never whose letter."""
