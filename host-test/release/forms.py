"""What hosts and agents read out of a contract's docs, and no tool for WIT does.

It is read here as the library `host` reads it (docs.rs and vendor.rs there), so that what
is compared is what a host would make of it: which line counts, and where it stops.
"""

import re
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

# The docs of an item have so many bytes, and what a world states.
TEXT, STATED = 4000, 1000
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
EFFECTS = ("reads", "creates", "changes", "deletes")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
AUTHORITY = ("Origin", "Path", "Methods", "Key header", "Key setting", "Base URL setting")
ITEM = ("Effect", "Fields", "Limits", "Pattern", "Sensitive")


def lines(docs: str) -> List[str]:
    return [line.strip() for line in docs.split("\n")]


@dataclass(frozen=True)
class Doc:
    """The forms in the docs of a function, a field or a type."""

    effect: str = ""
    repeatable: bool = False
    least: Optional[float] = None
    most: Optional[float] = None
    patterns: Tuple[str, ...] = ()
    # Lines that begin as a form does, and that no host understands.
    misread: Tuple[str, ...] = ()

    @property
    def limits(self) -> str:
        ends = ("" if end is None else f"{end:.15g}" for end in (self.least, self.most))
        return "..".join(ends)

    def under(self, name: "Doc") -> "Doc":
        """Where the place says nothing, the name of its type counts."""
        return Doc(
            least=name.least if self.least is None else self.least,
            most=name.most if self.most is None else self.most,
            patterns=self.patterns or name.patterns,
            misread=self.misread + name.misread,
        )


def number(text: str) -> Optional[float]:
    return float(text) if NUMBER.fullmatch(text) else None


def doc(docs: str) -> Doc:
    effect, repeatable = "", False
    ends: Tuple[Optional[float], Optional[float]] = (None, None)
    patterns: List[str] = []
    misread: List[str] = []
    left = TEXT
    for line in lines(docs):
        left -= len(line.encode()) + 1
        form, colon, said = line.partition(": ")
        if left < 0:
            if colon and form in ITEM and form != "Sensitive":
                misread.append(line)
            continue
        least, dots, most = said.partition("..")
        if (form, dots) == ("Limits", ".."):
            ends = number(least), number(most)
            if any(text and number(text) is None for text in (least, most)):
                misread.append(line)
        elif colon and form == "Pattern":
            patterns.append(said)
        elif colon and form in ("Title", "Example"):
            pass
        elif colon and form == "Fields":
            if said not in ("always", "on request"):
                misread.append(line)
        else:
            known = [word for word in EFFECTS if said.startswith(word)] if form == "Effect" else []
            if form in ("Effect", "Limits") and colon and not known:
                misread.append(line)
            effect = effect or "".join(known)
            repeatable = repeatable or "Repeating: safe" in line
    return Doc(effect, repeatable, *ends, tuple(patterns), tuple(misread))


def is_sensitive(docs: str) -> bool:
    return any(line.startswith("Sensitive: ") for line in lines(docs))


class Misread(Exception):
    """Why no host follows what a world states, in words."""


def authority(docs: str) -> Dict[str, str]:
    """What a world asks for, in one way of writing it."""
    found: Dict[str, str] = {}
    last = ""
    for line in lines(docs):
        form, colon, said = line.partition(": ")
        if colon and form in AUTHORITY:
            if form in found:
                raise Misread(f"`{form}:` stands there twice")
            found[form], last = said.strip(), form
        elif last.endswith(" setting") and line:
            found[last] += f" {line}"
        else:
            last = ""
    for form in ("Origin", "Methods", "Key header"):
        if form not in found:
            raise Misread(f"`{form}:` does not stand there")
    for form, said in found.items():
        if len(said.encode()) > STATED:
            raise Misread(f"too much stands behind `{form}:`")
        if form.endswith(" setting"):
            found[form] = said.partition(".")[0]
            if not re.fullmatch("[A-Za-z0-9_]+", found[form]):
                raise Misread(f"`{form}: {said}`: a name and a full stop are expected")
    methods = [name.strip() for name in found["Methods"].split(",")]
    if not set(methods) <= set(METHODS):
        raise Misread(f"`Methods: {found['Methods']}`: names such as `GET, POST` are expected")
    found["Methods"] = ", ".join(sorted(set(methods), key=METHODS.index))
    found["Path"] = found.get("Path", "").rstrip("/")
    found["Key header"] = found["Key header"].lower()
    return found
