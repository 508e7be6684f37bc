"""`edgelm serve`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from edgelm.errors import ToolchainError

_LIMITS = ("max_batch_tokens", "max_wait_ms", "queue", "timeout_s", "read_timeout_s", "max_texts", "max_characters")


@click.command()
@click.argument("bundles", nargs=-1, metavar="BUNDLE...")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any that is free.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes that answer; default: one for each core.")
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of each worker's runtime."
)
@click.option(
    "--runtime",
    type=click.Choice(["given", "auto"]),
    default="given",
    show_default=True,
    help="auto: of several bundles of one model serve the one that answers fastest here.",
)
@click.option(
    "--max-batch-tokens", type=click.IntRange(min=1), default=512, show_default=True, help="Of a batch, with padding."
)
@click.option(
    "--max-wait-ms",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    help="How long a text waits for others, under load.",
)
@click.option(
    "--queue",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    help="Texts that may wait for a model in a worker; more are refused with 429.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0.001),
    default=30.0,
    show_default=True,
    help="Seconds for a request.",
)
@click.option(
    "--read-timeout",
    "read_timeout_s",
    type=click.FloatRange(min=0.001),
    default=10.0,
    show_default=True,
    help="Seconds for a request's headers to come, and again for its body.",
)
@click.option("--max-body-mb", type=click.FloatRange(min=0.001), default=4.0, show_default=True, help="Of a request.")
@click.option("--max-texts", type=click.IntRange(min=1), default=256, show_default=True, help="Of a request.")
@click.option("--max-characters", type=click.IntRange(min=1), default=100_000, show_default=True, help="Of a text.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    help="Bearer tokens, one a line; default: those of EDGELM_SERVE_TOKENS; none: everyone may ask.",
)
@click.option(
    "--drain-seconds",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="After SIGTERM, for what has been accepted.",
)
@click.option("--no-reload", is_flag=True, help="Do not look whether a bundle's folder was replaced.")
def serve(
    bundles: tuple[str, ...],
    host: str,
    port: int,
    workers: int | None,
    threads: int,
    runtime: str,
    max_body_mb: float,
    token_file: Path | None,
    drain_seconds: float,
    no_reload: bool,
    **limits: Any,
) -> int:
    """Answer texts over HTTP with each BUNDLE (or NAME=BUNDLE), until SIGTERM or Ctrl-C."""
    _require_serving()
    from edgelm.machine import cores
    from edgelm.serve import settings, supervisor

    models = settings.models_of(bundles)
    tokens = settings.tokens_of(token_file)
    if runtime == "auto":
        from edgelm.serve.fastest import choose

        models = choose(models, threads, _tell_times)
    supervisor.serve(
        settings.Settings(
            models,
            host,
            port,
            workers or cores(),
            threads,
            settings.Limits(max_body_bytes=int(max_body_mb * 1e6), **{name: limits[name] for name in _LIMITS}),
            tokens,
            drain_seconds,
            0.0 if no_reload else 0.5,
        )
    )
    return 0


def _tell_times(name: str, times: Mapping[str, float]) -> None:
    from edgelm.serve.log import log

    log("measured", model=name, ms_per_answer={path: round(ms, 3) for path, ms in times.items()})


def _require_serving() -> None:
    missing = [name for name in ("fastapi", "uvicorn", "prometheus_client") if find_spec(name) is None]
    if missing:
        raise ToolchainError(f"Not installed: {', '.join(missing)}.", hint="Run: pip install 'edgelm[serve]'")
