"""What can be foreseen to go wrong with a command, as one sentence and an exit code."""

import contextlib
from collections.abc import Iterator

from typer import BadParameter, TyperException


def explained(error: Exception, choices: dict[str, str]) -> tuple[str, int]:
    """The error's sentence and the exit code. Typer's sentence about a wrong value doesn't name it, so ours does.

    Args:
        error: what was raised.
        choices: what may stand for a parameter of few words, by its name.
    """
    if not isinstance(error, TyperException) or error.exit_code == 1:
        return str(error), 1
    message, code = " ".join(error.format_message().split()), 2
    if isinstance(error, BadParameter) and error.__cause__:
        reason = error.__cause__.errors()[0]  # Typer lets pydantic check the values
        musts = {"value_error": f"one of {choices.get(error.param.name)}", "float_parsing": "a number above 0"}
        must = musts.get(reason["type"], "a whole number, 1 or more")
        message = f"{error.param.get_error_hint()[1:-1]} must be {must} (got {reason['input']!r})."
        code = 2 if reason["type"] == "value_error" else 1
    command = error.ctx.command_path if error.ctx else "workbook"
    return f"{message}{'' if message.endswith(('.', '?')) else '.'} See `{command} --help`.", code


@contextlib.contextmanager
def foreseen(*errors: type[Exception]) -> Iterator[None]:
    """End the command with the error's own sentence. `main` can't know these errors: their modules are loaded late."""
    try:
        yield
    except errors as error:
        raise TyperException(str(error)) from error
