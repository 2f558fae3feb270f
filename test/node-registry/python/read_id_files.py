"""Reads each content as a file with a node's id, and writes it: prints what was found, as JSON."""

import json
import sys
import tempfile
from pathlib import Path

from rollcall_node.node_id_file import derived_node_id, node_id_folders, read_node_id, write_node_id


def tried(content: str, derived: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "node_id"
        file.write_bytes(content.encode())
        folders = node_id_folders("unused", folder)
        stored = read_node_id(folders, derived)
        problems = write_node_id(stored.id or derived, folders, stored)
        notes = [note.removeprefix(f"{file} ") for note in stored.notes]
        mode = oct(file.stat().st_mode & 0o777)
        return {"id": stored.id, "notes": notes, "problems": problems, "after": file.read_text(), "mode": mode}


asked = json.loads(sys.argv[1])
derived = [derived_node_id(hostname, role) for hostname, role in asked["derived"]]
print(json.dumps({"derived": derived, "files": [tried(content, derived[0]) for content in asked["contents"]]}))
