"""`minichat check`: report the mistakes in a set-up. The checks themselves are in `checking`."""

import re

import click

from minichat.cli.common import Failed, load_settings, read_line
from minichat.cli.output import json_option, print_json


def _service_url(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    from environs import ValidationError

    from minichat.config.values import base_url

    try:
        return None if value is None else base_url(value)
    except ValidationError as error:
        raise click.BadParameter(str(error.args[0])) from error


def _address(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, int] | None:
    if value is None:
        return None
    from minichat.addresses import authority

    found = authority(value)
    if found is None or found.port is None:
        raise click.BadParameter("must be HOST:PORT.")
    host = value.rpartition(":")[0]  # as given: the zone of an IPv6 address leads to it
    return host.strip("[]"), found.port


@click.command(short_help="Report the mistakes in a set-up.")
@click.option("--url", callback=_service_url, help="Also check the running service at this URL, through its proxy.")
@click.option(
    "--connect-to",
    callback=_address,
    metavar="HOST:PORT",
    help="Connect to this address instead of the URL's: one of several hosts, or before DNS changes.",
)
@click.option("--token-stdin", is_flag=True, help="Read an access token from standard input, and try a live stream.")
@json_option
def check(url: str | None, connect_to: tuple[str, int] | None, token_stdin: bool, as_json: bool) -> None:
    """Report the mistakes in a production set-up; exit with 1 if there are any.

    The command changes nothing. Run it with the environment and as the user of the server.
    """
    if url is None and (connect_to or token_stdin):
        raise click.UsageError("--connect-to and --token-stdin need --url.")
    settings = load_settings(makes_secret=False)
    from minichat.cli.checking import service, setup
    from minichat.cli.checking.findings import Verdict

    token = read_line().strip() if token_stdin else None
    if token is not None and not re.fullmatch("[!-~]+", token):
        raise Failed("Standard input does not hold an access token.")
    findings = [finding for one in setup.CHECKS for finding in one(settings)]
    if url is not None:
        findings += service.check(service.Service(url, connect_to), token)
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        if as_json:
            print_json(finding._asdict())
        else:
            click.echo(f"{finding.verdict:<5}  {finding.subject:<{width}}  {finding.sentence}")
    number = sum(finding.verdict is Verdict.WRONG for finding in findings)
    if number:
        raise Failed(f"{number} {'problem' if number == 1 else 'problems'} found.")
