"""``touchstone account`` and ``touchstone workspace``: the people of an installation, and its tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from cli.console import output
from cli.session import Session, session
from records.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy.orm import Session as Records

    from records.models import Account
    from records.roles import Role

accounts = typer.Typer(no_args_is_help=True, help="Let people in.")
workspaces = typer.Typer(no_args_is_help=True, help="Make and list workspaces, the tenants.")


@accounts.callback()
@workspaces.callback()
def _several() -> None:
    """Keeps the names of subcommands also where there is one alone."""


@accounts.command()
def invite(
    name: Annotated[str, typer.Argument(help="What they will type to sign in.", show_default=False)],
    role: Annotated[
        str | None, typer.Option(help="reader, chemist or owner.", show_default="chemist, or what they are")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Where browsers reach the server.", show_default="as it is set")
    ] = None,
) -> None:
    """Print a link with which somebody, once and within a day, chooses a password for the workspace.

    An account that there is already gets a place in the workspace (TOUCHSTONE_WORKSPACE), and with the link
    a new password; one that was disabled is let in again.
    """
    from records.repositories import Audit
    from records.repositories.people import Accounts
    from records.repositories.sign_ins import SignInLinks
    from records.secrets import installation_secret, keyed_digest, new_token

    with session() as opened, opened.database.write() as records:
        people = Accounts(records)
        account = people.find(name) or people.create(name)
        people.enable(account.id)
        _give_place(records, opened.workspace_id, account, cast("Role | None", role))
        token = new_token()
        secret = installation_secret(opened.settings)
        SignInLinks(records).make(account.id, keyed_digest(secret, "link", token))
        Audit(records, opened.workspace_id).add("local", "account.invited", "account", account.id)
    print(f"{url.rstrip('/') if url else _url(opened)}/sign-in?token={token}")


@accounts.command()
def disable(name: Annotated[str, typer.Argument(help="Whose account.", show_default=False)]) -> None:
    """Let nobody in as this account any more; what it did stays, and so do the API keys it made."""
    from records.repositories import Audit
    from records.repositories.people import Accounts

    with session() as opened, opened.database.write() as records:
        people = Accounts(records)
        account = people.find(name)
        if account is None:
            raise NotFound("account_not_found", f"there is no account {name}; see: touchstone account list")
        people.disable(account.id)
        Audit(records, opened.workspace_id).add("local", "account.disabled", "account", account.id)
    output.print(f"The account {account.name} is disabled.", markup=False, highlight=False)


@accounts.command("list")
def list_accounts() -> None:
    """Show the accounts of the installation, and where they belong."""
    from records.repositories.people import Accounts

    with session() as opened, opened.database.read() as records:
        people = Accounts(records)
        for account in people.all():
            places = ", ".join(
                f"{member.role} of {workspace.name}" for workspace, member in people.workspaces(account.id)
            )
            state = "disabled" if account.disabled_at else "" if account.password_hash else "no password yet"
            output.print(
                "  ".join(part for part in (account.name, places, state) if part),
                markup=False,
                highlight=False,
            )


@workspaces.command()
def create(name: Annotated[str, typer.Argument(help="Its name.", show_default=False)]) -> None:
    """Make a workspace; then invite its owner: TOUCHSTONE_WORKSPACE=NAME touchstone account invite …"""
    from records.repositories import Audit, Workspaces

    with session() as opened, opened.database.write() as records:
        made = Workspaces(records).create(name)
        Audit(records, made.id).add("local", "workspace.created", "workspace", made.id, {"name": name})
    output.print(f"Made the workspace {name}.", markup=False, highlight=False)


@workspaces.command("list")
def list_workspaces() -> None:
    """Show the workspaces of the installation."""
    from records.repositories import Workspaces

    with session() as opened, opened.database.read() as records:
        for row in Workspaces(records).all():
            output.print(f"{row.id}  {row.name}", markup=False, highlight=False)


def _give_place(records: Records, workspace_id: str, account: Account, role: Role | None) -> None:
    """A place in the workspace if they have none; another role if one is asked for."""
    from records.repositories.people import Members

    members = Members(records, workspace_id)
    person = members.find(account.id)
    if person is None:
        members.add(account.id, role or "chemist")
    elif role is not None:
        members.set_role(person.member.id, role)


def _url(opened: Session) -> str:
    server, api = opened.settings.server, opened.settings.api
    if api.allowed_hosts:
        return f"{'https' if api.https else 'http'}://{api.allowed_hosts[0]}"
    return f"http://{server.host}:{server.port}"
