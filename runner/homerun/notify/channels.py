"""The channels: how a message gets to a desktop, a mail server, a web address, or a command."""

from __future__ import annotations

import json
import smtplib
import ssl
import subprocess
import sys
from email.message import EmailMessage
from urllib import error, request

from homerun.base import environ
from homerun.base.errors import UserError
from homerun.notify import settings
from homerun.system import which

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from homerun.notify.message import Message
    from homerun.notify.settings import Channel

PATIENCE_S = 20.0
"""Seconds for each answer of a server, and for a command."""

_STARTTLS, _TLS, _PLAIN = "starttls", "tls", "none"
_PORTS = {_STARTTLS: 587, _TLS: 465, _PLAIN: 25}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_AGENT = "homerun"
_MOST_ANSWER = 4096


def send_through(channel: Channel, message: Message) -> None:
    """Send a message through a channel.

    Raises:
        UserError: it is not taken; the error says why.
        Exception: the same, as the library says it.
    """
    _SENDERS[channel.type](channel.said, message)


def _desktop(said: dict[str, Any], message: Message) -> None:
    if sys.platform == "darwin":
        script = "on run {a, b}\ndisplay notification b with title a\nend run"
        _run(["osascript", "-e", script, message.title, message.text])
        return
    program = which.find("notify-send")
    if program is None:
        raise UserError("there is no notify-send here: install libnotify")
    _run([program, "--app-name=homerun", "--", message.title, message.text])


def _command(said: dict[str, Any], message: Message) -> None:
    env = environ.for_notified(message.fields)
    _run(said["command"], f"{message.title}\n{message.text}\n", env)


def _run(command: list[str], text: str = "", env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        input=text.encode(),
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=PATIENCE_S,
        check=False,
        start_new_session=True,
    )
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise UserError(f"it ended with {done.returncode}" + (f": {last}" if last else ""))


def _mail(said: dict[str, Any], message: Message) -> None:
    security = said.get("security", _STARTTLS)
    if security not in _PORTS:
        raise UserError(f"security is one of {', '.join(_PORTS)}, not {security!r}")
    host, port = said["host"], said.get("port") or _PORTS[security]
    if security == _PLAIN and "password" in said and host not in _LOOPBACK:
        raise UserError("the password would go unencrypted: set security to starttls or tls")
    mail = EmailMessage()
    mail["Subject"] = message.title
    mail["From"] = said.get("from") or said.get("user") or said["to"][0]
    mail["To"] = ", ".join(said["to"])
    mail.set_content(message.text)
    context = ssl.create_default_context()
    if security == _TLS:
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=PATIENCE_S, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=PATIENCE_S)
    with server:
        if security == _STARTTLS:
            server.starttls(context=context)
        if "password" in said:
            server.login(said.get("user") or mail["From"], said["password"])
        server.send_message(mail)


def _slack(said: dict[str, Any], message: Message) -> None:
    _post(said["url"], {"text": f"*{_escaped(message.title)}*\n{_escaped(message.text)}"})


def _discord(said: dict[str, Any], message: Message) -> None:
    content = f"**{message.title}**\n{message.text}"
    _post(said["url"], {"content": content, "allowed_mentions": {"parse": []}})


def _ntfy(said: dict[str, Any], message: Message) -> None:
    server, _, topic = said["url"].rstrip("/").rpartition("/")
    if "://" not in server or not topic:
        raise UserError("the url of ntfy ends in a topic, as https://ntfy.sh/my-topic")
    body = {"topic": topic, "title": message.title, "message": message.text}
    _post(f"{server}/", body, said.get("token"))


def _webhook(said: dict[str, Any], message: Message) -> None:
    _post(said["url"], message.fields, said.get("token"))


def _post(url: str, body: dict[str, Any], token: str | None = None) -> None:
    """Post JSON; an answer that leads elsewhere is not followed: it could lead anywhere."""
    headers = {"Content-Type": "application/json", "User-Agent": _AGENT}
    if token:
        headers["Authorization"] = f"Bearer {token}"

    class Stay(request.HTTPRedirectHandler):
        def redirect_request(self, *args: Any, **more: Any) -> None:
            return None

    asked = request.Request(url, json.dumps(body).encode(), headers, method="POST")
    try:
        with request.build_opener(Stay).open(asked, timeout=PATIENCE_S) as answer:
            answer.read(_MOST_ANSWER)
    except error.HTTPError as refused:
        raise UserError(f"it answered {refused.code} {refused.reason}") from None


def _escaped(text: str) -> str:
    """A text in which Slack finds no link and no mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_SENDERS: dict[str, Callable[[Any, Message], None]] = {
    settings.DESKTOP: _desktop,
    settings.MAIL: _mail,
    settings.SLACK: _slack,
    settings.DISCORD: _discord,
    settings.NTFY: _ntfy,
    settings.WEBHOOK: _webhook,
    settings.COMMAND: _command,
}
