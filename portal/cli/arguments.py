"""What may be typed after `portal`, and how a refusal looks: one sentence on the error stream and exit code 2."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from portal.cli.errors import REFUSED
from portal.cli.refusals import known_cause
from portal.config import Config, uses_built_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Command = Callable[[argparse.Namespace], int]

STORY = """\
Runs Parcelyard, the portal of a third-party logistics company.

Without DATABASE_URL and REDIS_URL a built-in PostgreSQL and Redis are started and used; their data lies in the
folder PARCELYARD_VAR (var). docs/running.md lists every setting.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was typed; return the exit code: 0 done, 1 no, 2 cannot go on for a reason that was printed."""
    given = build_parser().parse_args(arguments)
    command: Command = given.command
    try:
        return command(given)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read the output has seen enough (`portal check | head`); Python must not complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # known causes become a sentence; anything else is a bug and is shown whole
        sentence = known_cause(error)
        if sentence is None:
            raise
    print(f"portal: {sentence}", file=sys.stderr)
    return REFUSED


def _logged(work: Callable[[Config, argparse.Namespace], int | None]) -> Command:
    """Wrap a long-running command: it logs, reads the settings, and ends with its keeper."""

    def command(given: argparse.Namespace) -> int:
        from portal.cli.logs import configure_logs
        from portal.cli.serving import end_with_keeper

        configure_logs()
        if getattr(given, "kept", False):
            end_with_keeper()
        return work(Config.from_env(), given) or 0

    return command


def _serve(config: Config, given: argparse.Namespace) -> None:
    from portal.cli.serving import serve

    serve(config, host=given.host, processes=given.processes, threads=given.threads)


def _dispatch(config: Config, given: argparse.Namespace) -> None:
    from portal.cli.serving import dispatch

    dispatch(config, lease_s=given.lease_s)


def _worker(config: Config, given: argparse.Namespace) -> int:
    from portal.cli.keeping import Keeper, Kept
    from portal.cli.serving import work

    if given.processes == 1:
        work(config, lease_s=given.lease_s, max_jobs=given.max_jobs)
        return 0
    arguments = _worker_arguments(given)
    return Keeper([Kept(f"worker-{n}", arguments) for n in range(1, given.processes + 1)]).run()


def _run(config: Config, given: argparse.Namespace) -> int:
    from portal import embedded
    from portal.cli.keeping import Keeper, Kept
    from portal.cli.serving import require_free_port

    require_free_port(given.host, config.port)
    web = [
        "serve",
        "--host",
        given.host,
        "--processes",
        str(given.web_processes),
        "--threads",
        str(given.threads),
    ]
    kept = [
        Kept("web", web),
        Kept("dispatcher", ["dispatch", "--lease-s", str(given.lease_s)]),
        *(Kept(f"worker-{n}", _worker_arguments(given)) for n in range(1, given.workers + 1)),
    ]
    tend = (lambda: embedded.ensure_running(config.var)) if uses_built_in() else None
    return Keeper(kept, tend=tend).run()


def _worker_arguments(given: argparse.Namespace) -> list[str]:
    return [
        "worker",
        "--lease-s",
        str(given.lease_s),
        *(["--max-jobs", str(given.max_jobs)] if given.max_jobs else []),
    ]


def _demo(given: argparse.Namespace) -> int:
    from portal.cli.demo import demo

    return demo(
        detach=given.detach,
        empty=given.empty,
        web_processes=given.web_processes,
        threads=given.threads,
        workers=given.workers,
    )


def _stop(given: argparse.Namespace) -> int:
    from portal.cli.demo import stop

    return stop()


def _check(given: argparse.Namespace) -> int:
    from portal.cli.checking import check

    return check(Config.from_env())


def _servers(given: argparse.Namespace) -> int:
    from portal.cli import installing

    return {
        "start": installing.start_servers,
        "stop": installing.stop_servers,
        "status": installing.servers_status,
    }[given.what]()


def _db(given: argparse.Namespace) -> int:
    from portal.cli import installing

    return {
        "create": installing.create_database,
        "upgrade": installing.upgrade_database,
        "status": installing.database_status,
    }[given.what](Config.from_env())


def _site_add(given: argparse.Namespace) -> int:
    from portal.cli.people import add_first_site

    return add_first_site(
        Config.from_env(),
        code=given.code,
        name=given.name,
        timezone=given.timezone,
        address=given.address,
        cut_off=given.cut_off,
    )


def _merchant_add(given: argparse.Namespace) -> int:
    from portal.cli.people import take_on_merchant

    return take_on_merchant(
        Config.from_env(), code=given.code, name=given.name, site=given.site, support_email=given.support_email,
        brand_colour=given.brand_colour, shop_url=given.shop_url, currency=given.currency,
    )  # fmt: skip


def _user_add(given: argparse.Namespace) -> int:
    from portal.cli.people import invite

    return invite(
        Config.from_env(),
        email=given.email,
        name=given.name,
        role=given.role,
        merchant=given.merchant,
        site=given.site,
    )


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="portal",
        description=STORY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_long_running(commands)
    _add_managing(commands)
    return parser


def _add_long_running(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:  # pyright: ignore[reportPrivateUsage] (argparse names its own type so)
    lease = argparse.ArgumentParser(add_help=False)
    lease.add_argument(
        "--lease-s",
        type=_seconds,
        default=60.0,
        metavar="SECONDS",
        help="how long a piece of news is lent to a worker (60)",
    )
    jobs = argparse.ArgumentParser(add_help=False)
    jobs.add_argument(
        "--max-jobs",
        type=_count,
        metavar="N",
        help="end a worker after so many jobs; its keeper starts a new one",
    )
    kept = argparse.ArgumentParser(add_help=False)
    kept.add_argument("--kept", action="store_true", help=argparse.SUPPRESS)
    many = argparse.ArgumentParser(add_help=False)
    many.add_argument(
        "--web-processes", type=_count, default=2, metavar="N", help="processes of the web server (2)"
    )
    many.add_argument(
        "--threads", type=_count, default=8, metavar="N", help="threads of each web process (8)"
    )
    many.add_argument("--workers", type=_count, default=1, metavar="N", help="workers (1)")

    one = _add(
        commands,
        "demo",
        _demo,
        "start everything on this machine, with demo data, and print who to sign in as",
        many,
    )
    one.add_argument(
        "--detach", action="store_true", help="return when it can be used; `portal stop` ends it"
    )
    one.add_argument("--empty", action="store_true", help="load no demo data")
    _add(commands, "stop", _stop, "end what `portal demo` started, then the built-in servers; the data stays")
    one = _add(
        commands,
        "run",
        _logged(_run),
        "keep web, dispatcher and workers alive until a signal ends them",
        many,
        lease,
        jobs,
        kept,
    )
    one.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (127.0.0.1); the port is PORT"
    )
    one = _add(commands, "serve", _logged(_serve), "serve the web application on PORT", kept)
    one.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    one.add_argument("--processes", type=_count, default=2, metavar="N", help="processes (2)")
    one.add_argument("--threads", type=_count, default=8, metavar="N", help="threads of each process (8)")
    one = _add(
        commands,
        "worker",
        _logged(_worker),
        "react to what happened: mails, documents, allocation",
        lease,
        jobs,
        kept,
    )
    one.add_argument("--processes", type=_count, default=1, metavar="N", help="how many to keep alive (1)")
    _add(commands, "dispatch", _logged(_dispatch), "hand news from the database to the workers", lease, kept)


def _add_managing(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:  # pyright: ignore[reportPrivateUsage] (argparse names its own type so)
    one = _add(commands, "servers", _servers, "the built-in PostgreSQL and Redis")
    one.add_argument("what", choices=("start", "stop", "status"))
    one = _add(commands, "db", _db, "create the database, bring it up to date, or say its version")
    one.add_argument("what", choices=("create", "upgrade", "status"))
    _add(
        commands,
        "check",
        _check,
        "prove that every kept figure follows from the movements; exit code 1 when one does not",
    )

    one = _add_to_noun(commands, "site", "open a site", _site_add)
    one.add_argument("code", metavar="CODE", help="for example LEEDS")
    one.add_argument("name", metavar="NAME")
    one.add_argument("--timezone", required=True, metavar="ZONE", help="for example Europe/London")
    one.add_argument(
        "--address",
        action="append",
        default=[],
        metavar="LINE",
        help="a line of the postal address; give it once for each",
    )
    one.add_argument(
        "--cut-off", default="14:00", metavar="HH:MM", help="orders placed before ship today (14:00)"
    )
    one = _add_to_noun(commands, "merchant", "take a merchant on", _merchant_add)
    one.add_argument("code", metavar="CODE", help="2 to 20 letters, digits and dashes")
    one.add_argument("name", metavar="NAME")
    one.add_argument(
        "--support-email", required=True, metavar="EMAIL", help="where recipients reach the merchant"
    )
    one.add_argument("--site", default="", metavar="CODE", help="needed where there is more than one")
    one.add_argument(
        "--brand-colour", default="#1f4b99", metavar="#RRGGBB", help="the colour of mails and pages (#1f4b99)"
    )
    one.add_argument("--shop-url", default="", metavar="URL", help="the merchant's shop")
    one.add_argument(
        "--currency", default="USD", metavar="CODE", help="the currency of the merchant's bill (USD)"
    )
    one = _add_to_noun(
        commands, "user", "invite somebody; prints the link where no mail server is set", _user_add
    )
    one.add_argument("email", metavar="EMAIL")
    one.add_argument("name", metavar="NAME")
    one.add_argument(
        "--role", required=True, choices=("owner", "member", "viewer", "worker", "lead", "clerk", "admin"),
        help="owner, member, viewer: of a merchant; worker, lead: of a site; clerk, admin: of the office",
    )  # fmt: skip
    one.add_argument("--merchant", default="", metavar="CODE", help="for owner, member and viewer")
    one.add_argument(
        "--site", default="", metavar="CODE", help="for worker and lead, where there is more than one"
    )


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],  # pyright: ignore[reportPrivateUsage] (argparse names its own type so)
    name: str,
    command: Command,
    story: str,
    *parents: argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=story, description=f"{story[0].upper()}{story[1:]}.", parents=parents, allow_abbrev=False
    )
    parser.set_defaults(command=command)
    return parser


def _add_to_noun(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],  # pyright: ignore[reportPrivateUsage] (argparse names its own type so)
    noun: str,
    story: str,
    command: Command,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(noun, help=f"{noun} add: {story}", allow_abbrev=False)
    return _add(parser.add_subparsers(metavar="add", required=True), "add", command, story)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 10000")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds
