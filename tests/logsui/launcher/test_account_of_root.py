"""`manage.py serve` started by root: what meets strangers runs as another user, and root trusts nothing of that one."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from logsui.launcher import accounts, processes
from logsui.launcher.accounts import Account, AccountError
from tests.logsui.launcher.test_serve import Instance, key_in, log, wait_until

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users"), pytest.mark.processes]

# Any user but root's and ours; one that the system knows, since initdb asks.
ANN = pwd.getpwnam("nobody").pw_uid


@pytest.fixture
def instance() -> Iterator[Instance]:
    instance = Instance()
    yield instance
    instance.remove()


def users(instance: Instance) -> dict[str, int]:
    return {name: process.uids().effective for name, process in instance.children().items()}


def account() -> Account:
    entry = pwd.getpwnam(accounts.NAME)
    return Account(entry.pw_uid, entry.pw_gid)


def test_only_the_watcher_is_root(instance: Instance) -> None:
    key = key_in(instance.start())
    uid = account().uid
    assert users(instance) == {"web": uid, "worker": uid, "digester": uid, "postgres": uid}
    for process in instance.all()[1:]:
        assert set(process.uids()) == {uid}
        assert set(process.gids()) == {account().gid}
    page = instance.get("/login/")
    assert page[0] == 200
    sheet = next(part for part in page[1].split('"') if part.startswith("/static/"))
    assert instance.get(sheet)[0] == 200
    assert instance.post(key, [log("one")])[0] == 202
    # A body that is too large for memory waits in a file.
    assert instance.post(key, [log("two") | {"metadata": {"filler": "x" * 3 * 2**20}}])[0] == 202
    wait_until(lambda: instance.ask("SELECT count(*) FROM request_log") == 2)


@pytest.mark.usefixtures("initialised")
def test_samples_are_not_loaded_by_root(instance: Instance) -> None:
    seen: set[int] = set()

    def is_loaded() -> bool:
        for process in instance.all()[1:]:
            if processes.title(process).endswith("load_samples"):
                seen.add(process.uids().effective)
        return (instance.folder / "samples_loaded").exists()

    # Looked at from the launch on: they are loaded before the first page is served.
    instance.process = instance.launch("--stop-with-parent")
    wait_until(is_loaded)
    assert seen == {account().uid}


@pytest.mark.usefixtures("initialised")
def test_database_is_not_prepared_by_root(instance: Instance) -> None:
    """Its static files are; the rest reads what strangers sent."""
    process = instance.process = instance.launch()
    seen: set[int] = set()

    def is_ready() -> bool:
        for child in instance.all()[1:]:
            if "manage.py prepare" in processes.title(child):
                seen.add(child.uids().effective)
        return account().uid in seen or process.poll() is not None

    wait_until(is_ready)
    assert account().uid in seen


def writable(folder: Path, by: Account) -> list[str]:
    """What the account may write to in the folder, but for what is its own."""

    def look() -> str:
        found = []
        for top, folders, files in os.walk(folder):
            folders[:] = [name for name in folders if Path(top, name).stat().st_uid != by.uid]
            found += [f"{top}/{name}" for name in (*folders, *files) if os.access(f"{top}/{name}", os.W_OK)]
        return "\n".join([*found, *([str(folder)] if os.access(folder, os.W_OK) else [])])

    return accounts.as_account(by, look).split()


@pytest.mark.usefixtures("initialised")
def test_account_can_write_to_nothing_that_root_reads(instance: Instance) -> None:
    instance.start()
    assert writable(instance.folder, account()) == []
    own = {path for path in instance.folder.rglob("*") if path.lstat().st_uid == account().uid}
    tops = {path.relative_to(instance.folder) for path in own if path.parent not in own}
    assert tops == {Path("postgres/data"), Path("postgres/socket"), Path("spool")}
    # Nor read the key of the cookies, which its processes are given.
    assert accounts.as_account(account(), lambda: str(os.access(instance.folder / "secret_key", os.R_OK))) == "False"


def test_folder_that_others_may_write_to_is_closed(instance: Instance) -> None:
    instance.folder.mkdir()
    instance.folder.chmod(0o777)
    instance.start()
    assert stat.S_IMODE(instance.folder.stat().st_mode) & 0o022 == 0
    assert "now belongs to root only" in instance.output


@pytest.mark.usefixtures("initialised")
def test_data_of_an_earlier_version_just_works(instance: Instance) -> None:
    """Under umask 077 it left static files that nobody but root can read."""
    key = key_in(instance.start())
    cookies = (instance.folder / "secret_key").read_text()
    instance.stop()
    for path in (instance.folder / "static", *(instance.folder / "static").rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    instance.start()
    test_page = instance.get("/login/")[1]
    sheet = next(part for part in test_page.split('"') if part.startswith("/static/"))
    assert instance.get(sheet)[0] == 200
    assert (instance.folder / "secret_key").read_text() == cookies
    assert instance.post(key, [log("two")])[0] == 202


def test_commands_of_root_reach_the_database(instance: Instance) -> None:
    """Also when they ran before anything else, and when the socket lies elsewhere."""
    instance.folder = instance.folder / ("d" * 60) / ("e" * 60)
    instance.environment["LOGSUI_DATA_DIR"] = str(instance.folder)
    try:
        instance.manage("check")
        instance.start()
        key = instance.manage("create_api_key", "--name", "ci", "--scopes", "ingest,read")
        assert instance.post(key, [log("three")])[0] == 202
        instance.manage("prepare")
        instance.stop()
        instance.start()
        assert instance.post(key, [log("four")])[0] == 202
    finally:
        instance.stop()
        shutil.rmtree(instance.folder.parent.parent)


@pytest.mark.usefixtures("initialised")
def test_low_port_is_bound_for_it(instance: Instance) -> None:
    port = next(port for port in range(900, 1024) if is_free(port))
    instance.port, instance.environment["PORT"] = port, str(port)
    instance.start()
    assert instance.get("/healthz")[0] == 200
    assert users(instance)["worker"] == account().uid


def is_free(port: int) -> bool:
    return port not in {link.laddr.port for link in psutil.net_connections("tcp") if link.status == psutil.CONN_LISTEN}


@pytest.mark.usefixtures("initialised")
def test_folder_of_somebody_else_is_served_as_that_user(instance: Instance) -> None:
    """Handed over as docs/deployment.md says; root, and then its new owner, start it."""
    key = key_in(instance.start())
    instance.stop()
    subprocess.run(["chown", "-R", str(ANN), instance.folder], check=True)
    instance.start()
    for process in instance.all():
        assert set(process.uids()) == {ANN}
    assert instance.post(key, [log("by-root")])[0] == 202
    instance.manage("create_api_key", "--name", "by-root", "--scopes", "read")
    instance.stop()
    foreign = [path for path in (instance.folder, *instance.folder.rglob("*")) if path.lstat().st_uid != ANN]
    assert foreign == []
    instance.start_as = ANN
    instance.start()
    assert instance.post(key, [log("by-ann")])[0] == 202


def test_empty_folder_of_somebody_else_is_served_as_that_user(instance: Instance) -> None:
    """As a volume that was made for the user."""
    instance.folder.mkdir()
    os.chown(instance.folder, ANN, ANN)
    instance.start()
    assert set(users(instance).values()) == {ANN}


def test_what_root_left_in_the_folder_of_somebody_else_is_handed_over(tmp_path: Path) -> None:
    """By commands, or by versions that stayed root. Links are left: they could lead to anything."""
    os.chown(tmp_path, ANN, ANN)
    for name in ("serve.lock", "other"):
        (tmp_path / name).touch()
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "sheet.css").touch()
    secret = tmp_path / "other"
    (tmp_path / "secret_key").symlink_to(secret)
    (tmp_path / "static" / "linked").hardlink_to(secret)
    assert accounts.take_or_hand_over(tmp_path) == Account(ANN, ANN)
    for name in ("serve.lock", "static", "static/sheet.css"):
        assert (tmp_path / name).stat().st_uid == ANN, name
    assert secret.stat().st_uid == 0
    assert (tmp_path / "secret_key").lstat().st_uid == 0


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("name", ["serve.lock", "processes.new", "samples_loaded"])
def test_links_in_the_folder_are_not_followed(instance: Instance, tmp_path: Path, name: str) -> None:
    """Should anybody have been able to plant them."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (instance.folder / name).symlink_to(precious)
    process = instance.launch()
    threads = [process]
    try:
        wait_until(lambda: process.poll() is not None or (instance.folder / "processes.json").exists())
        assert precious.read_text() == "precious"
    finally:
        for one in threads:
            one.send_signal(signal.SIGTERM)
            one.communicate(timeout=60)


def test_program_that_it_cannot_read_is_named(tmp_path: Path) -> None:
    base = tmp_path / "program"
    (base / "package").mkdir(parents=True)
    (base / "package" / "good.py").touch(0o644)
    for folder in (base, base / "package"):
        folder.chmod(0o755)
    base.chmod(0o700)
    nobody = Account(65534, 65534)
    accounts.open_program(nobody, base, ["package"])
    (base / "package" / "closed.py").touch(0o600)
    with pytest.raises(AccountError, match=f"{base}/package/closed.py.*chmod -R go\\+rX {base}/package"):
        accounts.open_program(nobody, base, ["package"])


def test_its_home_is_not_roots() -> None:
    assert accounts.environment(account())["HOME"] != os.environ.get("HOME", "/root")
    assert accounts.environment(None) == {}
