"""``hemmaplan keys``: what the installation signs and seals with. No secret is ever printed."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from audit.log import AuditUnavailable
from audit.signer import SignerUnusable
from auth.commands import operator
from auth.keys import Keys
from auth.vault import VaultError

Opener = Callable[[], AbstractAsyncContextManager[Keys]]


@click.group()
def keys() -> None:
    """Keys: list, rotate, move rows, retire. Running nodes take changes up by themselves."""


@keys.command("list")
@click.pass_context
def list_keys(context: click.Context) -> None:
    """The vault's keys with what still uses them, the log's signing keys, and those that vouch for seats."""

    async def run(held: Keys) -> None:
        table = Table("Vault key", "State", "Made", "Rows using it")
        for one in await held.listed():
            made = one.row.made_at.isoformat(timespec="minutes") if one.row.made_at else "with the settings"
            table.add_row(one.row.id, one.row.state, made, str(one.rows_using))
        out = Console(highlight=False)
        out.print(table)
        first, *older = held.signing_keys()
        out.print(f"Audit key: {first}", soft_wrap=True)
        for key in older:
            out.print(f"  before: {key}", soft_wrap=True)
        out.print("Vouching keys, newest first: " + ", ".join(key for key, _ in held.vouching.public()))

    _run(context, run)


@keys.command()
@click.argument("kind", type=click.Choice(["vault", "audit", "vouching"]))
@click.pass_context
def rotate(context: click.Context, kind: str) -> None:
    """Make a new key. vault: identity numbers and the pepper; audit: the log's checkpoints; vouching: whose a browser's
    key is, in end-to-end encryption."""

    async def run(held: Keys) -> None:
        if kind == "vault":
            made = await held.rotate_vault(operator())
            click.echo(f"Made vault key {made.id}. It writes in a minute; rows are then moved in the background.")
        elif kind == "vouching":
            made_for = await held.rotate_vouching(operator())
            click.echo(f"Made vouching key {made_for.id}, for meetings planned from the next minute on.")
        else:
            click.echo(f"Made audit key {await held.rotate_audit(operator())}")
            click.echo("Keep a copy of it where the log is verified.")

    _run(context, run)


@keys.command()
@click.pass_context
def rekey(context: click.Context) -> None:
    """Move all rows to the current key now, rather than in the background."""

    async def run(held: Keys) -> None:
        total = 0
        while moved := await held.rekey():
            total += moved
            click.echo(f"{total} rows moved")
        click.echo("All rows are under the current key.")

    _run(context, run)


@keys.command()
@click.argument("key")
@click.option("--vouching", is_flag=True, help="A vouching key; who is in a meeting that has it must reload the page.")
@click.pass_context
def retire(context: click.Context, key: str, *, vouching: bool) -> None:
    """Forget a vault KEY (its id) that nothing uses any more, or an older vouching key."""

    async def run(held: Keys) -> None:
        await (held.retire_vouching if vouching else held.retire_vault)(key, operator())
        click.echo(f"{'Vouching' if vouching else 'Vault'} key {key} is retired.")

    _run(context, run)


def _run(context: click.Context, work: Callable[[Keys], Coroutine[Any, Any, None]]) -> None:
    opener: Opener = context.find_root().obj

    async def run() -> None:
        async with opener() as held:
            await work(held)

    try:
        asyncio.run(run())
    except (VaultError, SignerUnusable) as failure:
        raise click.ClickException(str(failure)) from None
    except AuditUnavailable:
        raise click.ClickException("the log cannot be written, so nothing was changed") from None
