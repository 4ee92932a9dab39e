"""Reading a notifier's options, each of which is a setting ONELAST_NOTIFIER_<NAME>."""

from collections.abc import Mapping


class WrongOption(ValueError):
    """An option is missing, wrong or unknown; the message is a sentence that begins with the name of its setting."""

    def __init__(self, option: str, what: str) -> None:
        super().__init__(f"ONELAST_NOTIFIER_{option.upper()} {what}.")


def required(options: Mapping[str, str], option: str) -> str:
    """Return the option; WrongOption if it is not set."""
    if option not in options:
        raise WrongOption(option, "is not set, and the notifier that ONELAST_NOTIFIER names needs it")
    return options[option]


def only(options: Mapping[str, str], *known: str) -> None:
    """Return if there are no other options than these; WrongOption names the first one."""
    for option in sorted(options.keys() - set(known)):
        raise WrongOption(option, "is not a setting of the notifier that ONELAST_NOTIFIER names")
