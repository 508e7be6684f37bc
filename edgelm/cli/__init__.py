"""The command line: arguments in, one typed request out; every import that costs time happens inside a command."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from edgelm import __version__
from edgelm.cli.app import app
from edgelm.cli.bench import bench
from edgelm.cli.compress import compress
from edgelm.cli.diff import diff
from edgelm.cli.export import export
from edgelm.cli.finetune import finetune
from edgelm.cli.inspect import doctor, inspect, targets
from edgelm.cli.report import report
from edgelm.cli.reproduce import reproduce
from edgelm.cli.run import run
from edgelm.cli.serve import serve
from edgelm.cli.validate import validate
from edgelm.errors import EdgelmError, UsageError

_INTERRUPTED = 130
_BROKEN_PIPE = 141
"""What a shell reports for a process that SIGINT or SIGPIPE ended."""


class Group(click.Group):
    """Commands in the order a user meets them."""

    def list_commands(self, _: click.Context) -> list[str]:
        """The order of definition."""
        return list(self.commands)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="edgelm")
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks; may stand anywhere.")
def cli() -> None:
    """Put a transformer encoder on phones, browsers and plain CPUs: small, fast and proven correct.

    \b
    Exit codes: 0 all checks passed, 1 a bug in edgelm, 2 usage or bad input, 3 toolchain missing,
    4 model not supported, 5 parity failed, 6 a budget missed, 7 a required check was not measured.
    """


_COMMANDS = (
    export,
    finetune,
    compress,
    run,
    serve,
    app,
    validate,
    bench,
    diff,
    report,
    reproduce,
    inspect,
    targets,
    doctor,
)
for _command in _COMMANDS:
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the process exits with the code of the error's class, and shows no traceback."""
    # Before NumPy is imported: beside a busy core or a runtime's own threads, two of OpenBLAS's wait for each other
    # spinning, and the reference takes ten times as long as on one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    debug = "--debug" in arguments
    try:
        with _terminated_like_interrupted():
            result = cli.main([a for a in arguments if a != "--debug"], prog_name="edgelm", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except EdgelmError as error:
        _fail(error, debug=debug)
        return error.exit_code
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        help_of = context.command_path if context else "edgelm"
        _fail(UsageError(error.format_message(), hint=f"See: {help_of} --help"), debug=debug)
        return UsageError.exit_code
    except (KeyboardInterrupt, click.Abort) as interrupt:
        kept = str(interrupt.__cause__ or interrupt)  # click raises its Abort from what was raised
        click.echo(f"edgelm: interrupted; {kept or 'nothing half-written is left behind'}.", err=True)
        return _INTERRUPTED
    except SystemExit:  # click's own answer to a reader that has gone, as `head` has
        return _BROKEN_PIPE
    except Exception as error:  # noqa: BLE001  the last resort: a bug, told as one
        _fail(error, debug=debug)
        return EdgelmError.exit_code


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM cleans up as Ctrl-C does. Only the main thread may set handlers; others keep what there is."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _fail(error: Exception, *, debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exception(error)
    elif isinstance(error, EdgelmError):
        click.echo(f"edgelm: {error}", err=True)
    else:
        click.echo(
            f"edgelm: a bug in edgelm, {type(error).__name__}: {error}. Run again with --debug and report it.", err=True
        )
