"""Files that are there whole, or not at all."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from threading import get_ident


def check_place(path: Path) -> None:
    """Raise if there cannot be a file.

    Raises:
        FileNotFoundError, NotADirectoryError: There is no such folder.
        IsADirectoryError: The path is a folder.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Expected: the name of a file. Usual fix: {path / 'NAME'}.")
    if not path.parent.is_dir():
        raise (NotADirectoryError if path.parent.exists() else FileNotFoundError)(
            f"{path} would be in {path.parent}, which is no folder. Expected: the name of a file, in a folder that "
            f"exists. Usual fix: {_way_to(path)}."
        )


def _way_to(path: Path) -> str:
    folder = path.parent
    if path.parts[0].startswith("~"):
        return f"os.path.expanduser({str(path)!r}): shells read ~ as a home, Python does not"
    if folder.exists():
        return f"another place, as {folder} is a file"
    return f"mkdir -p {shlex.quote(str(folder))}; in Python, os.makedirs({str(folder)!r})"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under another name, and rename it: it is there whole or, after an error, as it was.

    What reads it may go on to: links point to it, and it may be read by whom it might be before.

    Raises:
        OSError: As ``check_place``; or the system refuses.
    """
    check_place(path)
    if path.exists() and not path.is_file():  # a pipe or a device, which is written to, not replaced
        path.write_bytes(data)
        return
    place = Path(os.path.realpath(path))  # of a link, the file: /dev/stdout is one, and shall stay
    unfinished = place.with_name(f".{os.getpid()}-{get_ident()}.part")
    try:
        unfinished.write_bytes(data)
        if place.exists():
            unfinished.chmod(place.stat().st_mode)
        os.replace(unfinished, place)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error  # the file that was asked for, not that one
    finally:
        unfinished.unlink(missing_ok=True)
