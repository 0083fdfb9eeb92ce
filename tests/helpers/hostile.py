"""Names that try to lead out of a folder, and odd ones that lead nowhere."""

from __future__ import annotations

import itertools

FOLDERS = ("", "outputs/", "logs/", "user_logs/", "a/b/")
BAD_PARTS = (
    *("..", ".", "", "../..", "./..", "..\\..", "\\", "C:\\x", "\\\\host\\share", "\0", "a\0b"),
    *("\ud800", "x\udfff", "x" * 256, "é" * 128, ".upload.1.aaaaaaaa"),
)
NAMES = sorted(
    {
        *(f"{folder}{part}" for folder, part in itertools.product(FOLDERS, BAD_PARTS)),
        *(f"{folder}{part}/canary" for folder, part in itertools.product(FOLDERS, BAD_PARTS)),
        *(f"{folder}../../../../canary/canary" for folder in FOLDERS),
        *("/", "//", "/etc/passwd", "//etc/passwd", "/proc/self/root/etc/passwd", "~/../canary/.."),
        *("outputs", "logs", "user_logs", "outputs/", "a//b", "a/", "x" * 5000, "a/" * 3000 + "b"),
    }
    - {"", "./canary", "."}
)
LITERAL = (
    "%2e%2e/x",
    "..%2fx",
    "%252e%252e/x",
    "...",
    ".. /x",
    "~",
    "$HOME/x",
    "\u2024\u2024/x",
    "\u2025/x",
    "*",
)
"""Names that mean nothing but themselves, however much they look like the others."""
