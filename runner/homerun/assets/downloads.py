"""What has an address: downloaded once into the store, with its digest on record."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from urllib.parse import unquote, urlsplit

from homerun.base import masking
from homerun.base.errors import UserError
from runstore import layout
from runstore.fs import atomic, facts, lock, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runstore.store import Store

DOWNLOADS = ".downloads"
_FACT = "download.json"
_TIMEOUT_S = 60.0
_CHUNK = 1 << 20


def fetched(store: Store, url: str, key: str | None = None) -> str:
    """The path of what an address gave; it is asked only once.

    Args:
        key: of an address whose secrets were left out.

    Raises:
        UserError: it gives nothing, or what was kept of it is not there any more.
    """
    name = key or _key(url)
    home = f"{store.root}/{layout.DATASETS}/{DOWNLOADS}"
    known = _kept(home, name)
    if known is not None:
        return known
    if key is not None:
        raise UserError(f"what {url} gave is not here any more: make the dataset again")
    return _fetch(store, url, name)


def recorded_address(store: Store, url: str) -> dict[str, str]:
    """How a record names an address: without its secrets, and with what it was kept under."""
    shown = masking.text(url)
    if shown == url:
        return {"url": url}
    fetched(store, url)
    return {"url": shown, "key": _key(url)}


def _key(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _kept(home: str, name: str) -> str | None:
    if any(os.path.islink(path) for path in (os.path.dirname(home), home, f"{home}/{name}")):
        raise UserError(f"{home}/{name} is reached through a link, which is not followed")
    said = facts.read(f"{home}/{name}", _FACT)
    file = (said or {}).get("file")
    path = f"{home}/{name}/{layout.FILES}/{file}"
    is_name = isinstance(file, str) and file not in ("", ".", "..") and "/" not in file
    return path if is_name and atomic.is_plain(path) else None


def _fetch(store: Store, url: str, name: str) -> str:
    root = store.for_writing().root
    try:
        home = atomic.make_folders(root, layout.DATASETS, DOWNLOADS)
        new = f"{home}/{layout.NEW}{os.getpid()}-{os.urandom(4).hex()}"
        atomic.make_new_folder(new)
        alive = lock.take(f"{new}/{layout.ALIVE}", store.lock_kind)
        try:
            said = _download(url, new)
            facts.publish(new, _FACT, facts.signed(said), sync=True)
            os.unlink(f"{new}/{layout.ALIVE}")
            os.rename(new, f"{home}/{name}")
        except BaseException as error:
            tree.remove(root, new)
            known = _kept(home, name) if isinstance(error, OSError) else None
            if known is not None:
                return known  # another was first
            raise
        finally:
            if alive is not None:
                lock.release(alive)
    except OSError as error:
        raise UserError(
            f"{masking.text(url)} cannot be downloaded ({error.strerror or error})"
        ) from error
    return f"{home}/{name}/{layout.FILES}/{said['file']}"


def _download(url: str, folder: str) -> dict[str, Any]:
    """Put what an address gives into a folder; what is recorded of it."""
    atomic.make_new_folder(f"{folder}/{layout.FILES}")
    file = _file_name(url)
    digest, size = hashlib.sha256(), 0
    shown = masking.text(url)
    opener = urllib.request.build_opener(_OnlyWeb())
    request = urllib.request.Request(url, headers={"User-Agent": "homerun"})
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            promised = answer.headers.get("Content-Length")
            path = f"{folder}/{layout.FILES}/{file}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            with os.fdopen(os.open(path, flags, 0o600), "wb") as target:
                while data := answer.read(_CHUNK):
                    digest.update(data)
                    size += len(data)
                    target.write(data)
                target.flush()
                os.fsync(target.fileno())
    except urllib.error.HTTPError as error:
        error.close()
        raise UserError(f"{shown} gives no file: the server answers {error.code}") from None
    except urllib.error.URLError as error:
        raise UserError(f"{shown} cannot be reached ({error.reason})") from None
    except (TimeoutError, ValueError) as error:
        raise UserError(f"{shown} cannot be read ({error})") from None
    if promised is not None and promised.isdecimal() and int(promised) != size:
        raise UserError(f"{shown} broke off after {size} of {promised} bytes: try again")
    return {"url": shown, "file": file, "size": size, "sha256": digest.hexdigest()}


def _file_name(url: str) -> str:
    name = unquote(urlsplit(url).path.rpartition("/")[2]).replace("/", "_").replace("\0", "_")
    is_plain = name not in ("", ".", "..") and len(name.encode("utf-8", "replace")) <= 200
    return name if is_plain and name.isprintable() else "data"


class _OnlyWeb(urllib.request.HTTPRedirectHandler):
    """A redirect leads to another web address, or nowhere: never to a file of this machine."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, to: str
    ) -> Any:
        if not to.lower().startswith(("http://", "https://")):
            raise UserError(
                f"{masking.text(req.full_url)} leads to {to}, which is not a web address"
            )
        return super().redirect_request(req, fp, code, msg, headers, to)
