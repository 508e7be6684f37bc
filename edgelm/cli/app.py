"""`edgelm app`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgelm.cli._output import print_facts, print_json

if TYPE_CHECKING:
    from edgelm.apps import Made


@click.command()
@click.argument("app", metavar="android|ios|web", type=click.Choice(["android", "ios", "web"]))
@click.argument("bundles", nargs=-1, metavar="[NAME=]BUNDLE...")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The project's folder.")
@click.option("--name", help="Under the app's icon, or the page's title; default: the demo's own.")
@click.option("--id", "identifier", metavar="ORG.EXAMPLE.APP", help="Application id, of Android and iOS apps.")
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON on stdout.")
def app(
    app: str, bundles: tuple[str, ...], output: Path, name: str | None, identifier: str | None, as_json: bool
) -> int:
    """Write a project of a demo app with each BUNDLE in it: for Android Studio, Xcode or npm."""
    from edgelm.apps import APPS, AppRequest, make

    made = make(AppRequest(APPS[app], bundles, output, name, identifier))
    if as_json:
        print_json(made.to_dict())
    else:
        _print(made)
    return 0


def _print(made: Made) -> None:
    told = {name: f"{bundle.manifest['task']}, {bundle.path}" for name, bundle in made.bundles.items()}
    print_facts({"project": made.request.output, "files": made.files, "size": f"{made.bytes / 1e6:.1f} MB", **told})
    click.echo(f"Next, in {made.request.output}:")
    for step in made.request.app.steps:
        click.echo(f"  {step}")
