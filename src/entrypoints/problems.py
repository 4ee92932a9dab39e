"""What an operator can mend."""


class OperatorProblem(Exception):
    """Something outside the program is wrong; the message is one sentence that says what, and what to do."""
