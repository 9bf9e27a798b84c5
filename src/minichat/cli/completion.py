"""`minichat completion`: the script with which a shell completes commands and options. click writes it."""

import click

SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="Print the script for completion in a shell.")
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that completes minichat's commands and options in bash, zsh or fish.

    \b
    bash: eval "$(minichat completion bash)" in ~/.bashrc
    zsh:  eval "$(minichat completion zsh)" in ~/.zshrc
    fish: minichat completion fish | source, in ~/.config/fish/config.fish
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with this character
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    assert script is not None, "click knows all three shells"
    main = click.get_current_context().find_root().command
    click.echo(script(main, {}, "minichat", "_MINICHAT_COMPLETE").source())
