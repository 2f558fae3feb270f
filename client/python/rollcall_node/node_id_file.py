"""The file that has this node's id."""

import json
import os
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FILE = "node_id"
FORMER_APP = "dagi"
"""Where programs of before have left their ids. Whoever reads them there goes on finding the node's id."""
NODE_ID = re.compile(r"[A-Za-z0-9._:-]{1,255}")
NAMESPACE = uuid.UUID("6f7a2c1e-53f0-5d0b-9c55-0c2f6a1f9d37")


def derived_node_id(hostname: str, role: str) -> str:
    """The id that the registry gives to a node without one."""
    name = json.dumps(["node_registry", hostname, role], ensure_ascii=False, separators=(",", ":"))
    return str(uuid.uuid5(NAMESPACE, name))


@dataclass(frozen=True)
class NodeIdFolders:
    own: Sequence[Path]
    """The first that can be written to is used."""
    former: Sequence[Path]


def node_id_folders(app: str, folder: str | None = None) -> NodeIdFolders:
    """`folder`: instead of those of the system and of the user."""
    if folder is not None:
        return NodeIdFolders([Path(folder)], [])
    of = {name: [Path("/etc") / name, Path.home() / ".config" / name] for name in (app, FORMER_APP)}
    return NodeIdFolders(of[app], [] if app == FORMER_APP else of[FORMER_APP])


@dataclass(frozen=True)
class StoredNodeId:
    id: str | None
    """None: there is none, or none that can be believed."""
    files: Sequence[Path]
    """Files that hold it, or something else: they get the id that is found in the end."""
    notes: Sequence[str]
    """What is wrong, for people."""


class UnreadableNodeIdError(Exception):
    """A file that is there, but can't be read: to go on would be to make another node of this one."""


def read_node_id(folders: NodeIdFolders, derived: str) -> StoredNodeId:
    """`derived`: the id that the node has by its host and role: a part of it is a file that was cut.

    Raises UnreadableNodeIdError with the path and the remedy.
    """
    files = [folder / FILE for folder in (*folders.own, *folders.former)]
    texts = [(file, _content_of(file)) for file in files]
    found = [(file, *_parse(content, derived)) for file, content in texts if content is not None]
    good = next(((file, node_id) for file, node_id, _ in found if node_id is not None), None)
    notes: list[str] = []
    shared: list[Path] = []
    for file, node_id, problem in found:
        if problem is not None:
            notes.append(f"{file} {problem}: it is written anew")
        elif good is not None and node_id != good[1]:
            notes.append(f"{file} has another id, {node_id}: {good[0]} counts")
            continue
        shared.append(file)
    return StoredNodeId(good[1] if good else None, shared, notes)


def _content_of(file: Path) -> str | None:
    try:
        return file.read_bytes().decode("utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        remedy = "remove the folder" if isinstance(error, IsADirectoryError) else "make it readable, or remove it"
        raise UnreadableNodeIdError(f"{file}: {error.strerror}. It should have this node's id: {remedy}") from error


def _parse(content: str, derived: str) -> tuple[str | None, str | None]:
    """The id, or the problem. Lines of Windows, a byte order mark and blanks around it do no harm."""
    lines = [line.strip() for line in re.split(r"\r\n|\n|\r", content.removeprefix("\ufeff"))]
    ids = list(dict.fromkeys(line for line in lines if line))
    if not ids:
        return None, "is empty"
    if len(ids) > 1:
        return None, "has several lines"
    if not NODE_ID.fullmatch(ids[0]):
        return None, "has no id"
    if ids[0] != derived and derived.startswith(ids[0]):
        return None, "has half of an id"
    return ids[0], None


def write_node_id(node_id: str, folders: NodeIdFolders, stored: StoredNodeId) -> Sequence[str]:
    """Writes the id to the first of the own folders that takes it, and wherever `stored` says.

    A reader sees the former content or all of this one, also after a crash. Returns what went wrong, for people; the id
    is the same at the next start, unless it was given.
    """
    own = [folder / FILE for folder in folders.own]
    problems: list[str] = []
    is_written = False
    for file in own:
        problem = _write_whole(file, node_id)
        if problem is None:
            is_written = True
            break
        problems.append(problem)
    others = [_write_whole(file, node_id) for file in stored.files if file not in own]
    notes = [note for note in others if note is not None]
    return notes if is_written else [*problems, *notes]


def _write_whole(file: Path, node_id: str) -> str | None:
    content = f"{node_id}\n"
    # Each process has its own: of two at once one is the last to rename, and both are whole.
    fresh = file.with_name(f"{FILE}.{os.getpid()}")
    try:
        if _content_of(file) == content:
            return None
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with fresh.open("w", encoding="utf-8") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
            fresh.chmod(0o644)
            fresh.replace(file)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
    except (OSError, UnreadableNodeIdError) as error:
        return f"{file} can't be written: {error}"
    return None
