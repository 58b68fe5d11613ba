"""Several runs in one folder: who is first there, who may delete, and when nobody can tell."""

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from simulations import _lock, _store
from simulations._entry import claim, discard
from simulations._lock import at_work, deleting
from simulations._options import UsageError, writable
from simulations._provenance import Record
from simulations._store import StoreError, write_first

pytestmark = pytest.mark.timeout(60)

OURS = Record("toy", {"walks": 50}, {"jax": "1"}, "cpu", "code")
THEIRS = replace(OURS, config={"walks": 9})

locks = pytest.mark.skipif(not _lock.fcntl, reason="no locks on this system")


@pytest.fixture(params=["links", "no links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system with and without hard links."""

    def link(*_: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    if request.param == "no links":
        monkeypatch.setattr(_store.os, "link", link)


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """Records that others save just after we have looked and found none."""
    others: list[Record] = []
    save = Record.save

    def save_late(self: Record, folder: Path) -> bool:
        for other in others:
            assert save(other, folder)
        return save(self, folder)

    monkeypatch.setattr(Record, "save", save_late)
    return others


@locks
def test_any_number_of_runs_and_nobody_deletes_beside_them(tmp_path: Path) -> None:
    refused = pytest.raises(UsageError, match=f"be left out while another run works in {tmp_path}")
    with at_work(tmp_path), at_work(tmp_path), refused, deleting(tmp_path):
        pass
    with deleting(tmp_path), refused, deleting(tmp_path):
        pass
    with at_work(tmp_path):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
@locks
def test_without_locks_nobody_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def flock(*_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    with at_work(tmp_path), deleting(tmp_path):
        pass
    monkeypatch.setattr(_lock, "fcntl", None)
    with at_work(tmp_path), deleting(tmp_path):
        pass


def test_a_folder_that_cannot_hold_a_lock_is_worked_in_without(tmp_path: Path) -> None:
    with at_work(tmp_path / "absent"):
        assert not (tmp_path / "absent").exists()


@pytest.mark.usefixtures("links")
def test_the_first_of_many_writes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    words = [f"{number}" * 1000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(lambda word: write_first(path, word.encode()), words))
    assert sum(first) == 1
    assert path.read_text() == words[first.index(True)]
    assert os.listdir(tmp_path) == ["config.json"]


@pytest.mark.usefixtures("links")
def test_another_run_that_is_first_by_a_moment_keeps_the_folder(
    tmp_path: Path, late: list[Record]
) -> None:
    late.append(THEIRS)
    with pytest.raises(StoreError, match=r"\(option walks was 9, is now 50\)"):
        claim(tmp_path, OURS)
    assert Record.load(tmp_path) == THEIRS


def test_the_same_run_that_is_first_by_a_moment_is_joined(
    tmp_path: Path, late: list[Record]
) -> None:
    late.append(OURS)
    assert claim(tmp_path, OURS) == OURS


def test_a_record_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").symlink_to(tmp_path / "absent")
    with pytest.raises(StoreError, match="is not a run's record"):
        claim(tmp_path, OURS)


@pytest.mark.parametrize(
    "change",
    [
        {"simulation": 5},
        {"device": None},
        {"source": []},
        {"config": [["a", 1]]},
        {"versions": "1"},
    ],
)
def test_an_altered_record_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    Record.path(tmp_path).write_text(json.dumps(vars(OURS) | change))
    with pytest.raises(StoreError, match="is not a run's record"):
        Record.load(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "{", "\0", 100_000 * "["])
def test_a_spoilt_record_is_refused(tmp_path: Path, text: str) -> None:
    Record.path(tmp_path).write_text(text)
    with pytest.raises(StoreError, match="is not a run's record"):
        Record.load(tmp_path)


def test_what_cannot_be_deleted_is_named(tmp_path: Path) -> None:
    odd = tmp_path / "chunks/walks/00000.chunk"
    odd.mkdir(parents=True)
    with pytest.raises(StoreError, match=f"Cannot delete {odd}: "):
        discard(tmp_path)


def test_many_may_try_a_folder_at_once(tmp_path: Path) -> None:
    """With one process number, as in containers of their own."""
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(writable, [tmp_path] * 200)) == [None] * 200
    assert os.listdir(tmp_path) == []
