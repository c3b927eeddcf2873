"""Files are there whole, or as they were; where they cannot be, the message says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tensorgrad.files import check_place, write_whole


def test_a_link_goes_on_pointing_to_the_file_that_is_written(tmp_path: Path):
    """As /dev/stdout does, which would be gone for good."""
    (tmp_path / "there").mkdir()
    link = tmp_path / "latest.html"
    link.symlink_to(Path("there", "today.html"))
    for data in (b"new", b"newer"):  # there is no such file yet, and there is
        write_whole(link, data)
        assert link.is_symlink()
        assert (tmp_path / "there" / "today.html").read_bytes() == data
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["today.html"]


def test_who_may_read_a_file_may_read_it_after_that_and_nobody_else(tmp_path: Path):
    path = tmp_path / "private.html"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600


def test_of_a_tilde_the_message_says_that_python_does_not_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"~.*Expected: .*Usual fix: os\.path\.expanduser\('~/r.html'\)") as e:
        check_place(Path("~/r.html"))
    assert "mkdir" not in str(e.value), "a folder called ~ is soon deleted, and not that one alone"


def test_the_command_that_makes_the_folder_is_one_for_a_shell(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"mkdir -p '.*two words';"):
        check_place(tmp_path / "two words" / "report.html")


def test_where_a_file_is_in_the_place_of_the_folder_none_is_to_be_made(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError, match=r"no folder.*Expected: .*Usual fix: ") as e:
        check_place(tmp_path / "file" / "report.html")
    assert "mkdir" not in str(e.value)
