"""The command for people without Rust: an archive, an npm package, an MCP bundle.

What they say of the connector comes from the component itself: its metadata, its tools
and the authority that it states.
"""

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

TITLE = "2Chat"
KEY = "The API key of your 2Chat account, from app.2chat.io/developers?tab=api-access"
MCPB_MANIFEST = "0.3"
SERVER_SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"


@dataclass(frozen=True)
class About:
    """What the component says of itself, and where its command runs."""

    metadata: Mapping[str, Any]
    version: str
    triple: str
    tools: List[Dict[str, Any]]
    authority: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.metadata["name"])

    @property
    def file(self) -> str:
        """What the names of its bundles begin with."""
        return f"{self.name}-{self.version}"

    @property
    def published(self) -> str:
        """Where its sources and releases are."""
        return str(self.metadata["source"]).rstrip("/")

    @property
    def reversed_name(self) -> str:
        """Its name in registries that order names by the domain of whoever owns them."""
        domain = self.published.split("//")[-1].split("/")[0]
        return ".".join(reversed(domain.split("."))) + f"/{self.name}"

    @property
    def platform(self) -> Dict[str, str]:
        """As npm names the parts of the triple."""
        machine, _, system = self.triple.split("-")[:3]
        cpu = {"x86_64": "x64", "aarch64": "arm64"}.get(machine, machine)
        return {"os": system, "cpu": cpu}

    def setting(self, which: str) -> Optional[Mapping[str, str]]:
        """An environment variable that it reads, with its meaning."""
        setting: Optional[Mapping[str, str]] = self.authority[which]
        return setting


def tarred(members: Mapping[str, bytes], programs: List[str]) -> bytes:
    """A gzipped archive that tells of no machine and no time."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755 if name in programs else 0o644
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)


def zipped(members: Mapping[str, bytes], programs: List[str]) -> bytes:
    """The same as a zip, whose time begins in 1980."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            member = zipfile.ZipInfo(name)
            member.create_system, member.compress_type = 3, zipfile.ZIP_DEFLATED
            member.external_attr = (0o100755 if name in programs else 0o100644) << 16
            archive.writestr(member, data)
    return raw.getvalue()


def as_json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def first_sentence(text: str) -> str:
    return text.split("\n\n")[0].split(". ")[0].rstrip(".")


def npm_manifest(about: About) -> Dict[str, Any]:
    return {
        "name": f"{about.name}-connector",
        "version": about.version,
        "description": about.metadata["description"],
        "license": about.metadata["licenses"],
        "homepage": about.metadata["homepage"],
        "repository": {"type": "git", "url": about.published},
        "mcpName": about.reversed_name,
        "bin": {about.name: f"bin/{about.name}"},
        "os": [about.platform["os"]],
        "cpu": [about.platform["cpu"]],
        "libc": ["glibc"],
    }


def mcpb_manifest(about: About) -> Dict[str, Any]:
    key = about.setting("key-setting")
    program = f"server/{about.name}"
    manifest: Dict[str, Any] = {
        "manifest_version": MCPB_MANIFEST,
        "name": f"{about.name}-connector",
        "display_name": TITLE,
        "version": about.version,
        "description": about.metadata["description"],
        "author": {"name": f"The authors of {about.name}", "url": about.published},
        "homepage": about.metadata["homepage"],
        "license": about.metadata["licenses"],
        "server": {
            "type": "binary",
            "entry_point": program,
            "mcp_config": {"command": f"${{__dirname}}/{program}", "args": ["mcp"], "env": {}},
        },
        "tools": [
            {"name": tool["name"], "description": first_sentence(tool["description"])}
            for tool in about.tools
        ],
        "compatibility": {"platforms": [about.platform["os"]]},
    }
    if key:
        manifest["server"]["mcp_config"]["env"] = {key["name"]: "${user_config.key}"}
        manifest["user_config"] = {
            "key": {
                "type": "string",
                "title": "API key",
                "description": KEY,
                "sensitive": True,
                "required": True,
            }
        }
    return manifest


def server(about: About, bundle: bytes) -> Dict[str, Any]:
    variables = []
    for which in ("key-setting", "base-url-setting"):
        setting = about.setting(which)
        if setting:
            is_key = which == "key-setting"
            said = {"name": setting["name"], "description": KEY if is_key else setting["meaning"]}
            variables.append({**said, "isRequired": is_key, "isSecret": is_key})
    common = {
        "version": about.version,
        "transport": {"type": "stdio"},
        "packageArguments": [{"type": "positional", "value": "mcp"}],
        "environmentVariables": variables,
    }
    address = f"{about.published}/releases/{about.version}/{about.file}.mcpb"
    packages = [
        {"registryType": "npm", "identifier": f"{about.name}-connector", **common},
        {
            "registryType": "mcpb",
            "identifier": address,
            "fileSha256": hashlib.sha256(bundle).hexdigest(),
            "version": about.version,
            "transport": {"type": "stdio"},
        },
    ]
    return {
        "$schema": SERVER_SCHEMA,
        "name": about.reversed_name,
        "title": TITLE,
        "description": about.metadata["description"],
        "version": about.version,
        "websiteUrl": about.metadata["homepage"],
        "packages": packages,
    }


def make(dist: Path, about: About, program: bytes) -> None:
    """Writes all of them."""
    texts = {name: (ROOT / name).read_bytes() for name in ("LICENSE-APACHE", "LICENSE-MIT")}
    texts["README.md"] = (HERE / "command.md").read_bytes()

    folder = f"{about.file}-{about.triple}"
    members = {f"{folder}/{name}": data for name, data in texts.items()}
    members[f"{folder}/{about.name}"] = program
    archive = tarred(members, [f"{folder}/{about.name}"])
    (dist / f"{folder}.tar.gz").write_bytes(archive)

    members = {"package/package.json": as_json(npm_manifest(about))}
    members |= {f"package/{name}": data for name, data in texts.items()}
    members[f"package/bin/{about.name}"] = program
    (dist / f"{about.file}.tgz").write_bytes(tarred(members, [f"package/bin/{about.name}"]))

    members = {"manifest.json": as_json(mcpb_manifest(about)), **texts}
    members[f"server/{about.name}"] = program
    bundle = zipped(members, [f"server/{about.name}"])
    (dist / f"{about.file}.mcpb").write_bytes(bundle)
    (dist / "server.json").write_bytes(as_json(server(about, bundle)))
