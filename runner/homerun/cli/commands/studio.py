"""`homerun studio`: runs in a browser."""

from __future__ import annotations

import sys

from homerun.base import environ
from homerun.cli.command import command
from homerun.cli.options.kinds import Number
from homerun.cli.options.params import option
from homerun.cli.output import console, stdout
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from homerun.cli.invocation import Call


@command("studio")
@option(
    "--port", kind=Number(0, 65535), metavar="N", help="The port (default: 8765 or a free one)."
)
@option("--host", metavar="ADDRESS", help="Also listen at this address; needs a token.")
@option("--token-file", metavar="FILE", help="A file with the token; or set HOMERUN_STUDIO_TOKEN.")
@option("--socket", metavar="PATH", help="Listen on a Unix socket that only you can use.")
@option("--base-path", default="", metavar="PATH", help="The path under which a proxy serves it.")
@option(
    "--allow-host",
    "hosts",
    many=True,
    metavar="NAME",
    help="Another name by which browsers reach it, e.g. a proxy's.",
)
@option(
    "--allow-user",
    "users",
    many=True,
    metavar="NAME",
    help="Another user of this machine who may connect, e.g. a proxy's.",
)
@option("--read-only", "is_read_only", is_flag=True, help="Allow no changes.")
@option("--jupyter", "is_framed", is_flag=True, help="Let pages of the same address embed it.")
@option("--no-browser", is_flag=True, help="Do not open a browser.")
def studio(
    call: Call,
    port: int | None,
    host: str | None,
    token_file: str | None,
    socket: str | None,
    base_path: str,
    hosts: tuple[str, ...],
    users: tuple[str, ...],
    is_read_only: bool,
    is_framed: bool,
    no_browser: bool,
) -> int:
    """See and steer runs in a browser, until Ctrl-C.

    Prints one line: an address that lets one browser in, within ten minutes. On a terminal it also
    opens that browser, and prints a new address when another browser asks for one.

    \b
    Example:
      homerun studio
      homerun studio --read-only --no-browser
    """
    from homerun.studio import access

    access.check_packages()
    from homerun.studio.server import Settings, Studio

    settings = Settings(
        host=host,
        port=port,
        path=socket,
        token=access.token(token_file),
        base=base_path,
        hosts=hosts,
        users=users,
        is_read_only=is_read_only,
        is_framed=is_framed,
    )
    is_terminal = console.is_terminal(sys.stdout)
    server = Studio(call.workspace(), settings, _say(call), console.inform, is_terminal)
    without_pages = access.missing_pages()
    if without_pages:
        console.inform(without_pages, "yellow")
    is_seen = is_terminal and not environ.is_over_ssh()  # a browser here would have no screen
    if is_seen and not no_browser and socket is None and not without_pages:
        with access.Browser() as browser:
            server.run(browser.open)
    else:
        server.run()
    return 0


def _say(call: Call) -> Callable[[str], None]:
    """The function that prints the line with an address."""

    def say(address: str) -> None:
        if call.wants_result:
            Result({"address": address}).hand_over(call)
        else:
            stdout.put(f"Studio: {address}\n")
        if sys.stdout is not None:
            sys.stdout.flush()

    return say
