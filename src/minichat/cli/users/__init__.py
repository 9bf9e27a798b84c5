"""`minichat users`: the administration of people, as commands.

Each command calls the same service as the page, so the same rules hold, and the audit log records the act.
"""

import click

from minichat.cli.users import access, accounts, lists


@click.group()
def users() -> None:
    """Administer accounts. NAME is a username, in any form in which its owner can log in."""


for command in (*lists.COMMANDS, *accounts.COMMANDS, *access.COMMANDS):
    users.add_command(command)
