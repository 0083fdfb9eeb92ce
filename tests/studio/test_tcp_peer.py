"""Which user is at the other end of a connection: of real sockets, and by written tables."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from homerun.studio.http import tcp_peer

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  ..."
ROW = "   {at}: {here} {there} {state} 00000000:00000000 00:00000000 00000000 {uid} 0 {inode} 1 0"
OURS, THEIRS = ("127.0.0.1", 8765), ("127.0.0.1", 50000)
OUR_END, THEIR_END = "0100007F:223D", "0100007F:C350"
LISTENER = ROW.format(at=0, here=OUR_END, there="00000000:0000", state="0A", uid=1000, inode=7)


@pytest.mark.parametrize(
    ("bound", "connected"),
    [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("127.0.0.1", "::ffff:127.0.0.1")],
)
def test_the_user_of_a_real_connection_is_told(bound: str, connected: str) -> None:
    if not Path("/proc/net/tcp").exists():
        pytest.skip("the kernel lists no sockets here")
    family = socket.AF_INET6 if ":" in bound else socket.AF_INET
    with socket.create_server((bound, 0), family=family) as server:
        port = server.getsockname()[1]
        with socket.create_connection((connected, port)) as client:
            peer, theirs = server.accept()
            with peer:
                assert tcp_peer.user(peer.getsockname()[:2], theirs[:2]) == os.geteuid()
                mine = client.getsockname()[1]
                assert tcp_peer.user((bound, port), (bound, mine + 1)) == tcp_peer.GONE


def tables(folder: Path, *rows: str) -> str:
    (folder / "tcp").write_text("\n".join([HEAD, *rows, ""]))
    return str(folder)


def test_a_socket_that_was_closed_has_no_user_whatever_the_table_says(tmp_path: Path) -> None:
    orphan = ROW.format(at=1, here=THEIR_END, there=OUR_END, state="04", uid=0, inode=0)
    assert tcp_peer.user(OURS, THEIRS, tables(tmp_path, LISTENER, orphan)) == tcp_peer.GONE


def test_the_other_end_is_told_apart_from_our_own(tmp_path: Path) -> None:
    ours = ROW.format(at=1, here=OUR_END, there=THEIR_END, state="01", uid=1000, inode=8)
    theirs = ROW.format(at=2, here=THEIR_END, there=OUR_END, state="01", uid=1001, inode=9)
    assert tcp_peer.user(OURS, THEIRS, tables(tmp_path, LISTENER, ours, theirs)) == 1001


def test_nothing_is_told_by_a_table_without_our_own_socket(tmp_path: Path) -> None:
    assert tcp_peer.user(OURS, THEIRS, tables(tmp_path)) is None
    assert tcp_peer.user(OURS, THEIRS, str(tmp_path / "missing")) is None
