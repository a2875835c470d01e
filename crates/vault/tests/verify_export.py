#!/usr/bin/env python3
"""Verifies the chain and the Merkle tree of an exported ledger; written from the format's description alone.

Usage: verify_export.py FILE. Prints {"valid", "entries", "first_bad", "reason", "root", "chain"} as one line of JSON and exits 1
if the log is not valid. It needs only the standard library, so it compares checkpoints with the log but does not check their
signatures: for those, use the key in the first line with any tool for C2SP signed notes.
"""

import base64
import datetime
import hashlib
import json
import struct
import sys
import uuid

FIELDS = [
    "position", "id", "at", "kind", "actor", "request", "subject", "verdict", "rule", "policy_version", "outcome",
    "input", "output", "facts", "mac", "chain",
]
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def sha256(data):
    return hashlib.sha256(data).digest()


def text(value):
    data = value.encode()
    return struct.pack(">I", len(data)) + data


def optional(value, encode):
    return b"\0" if value is None else b"\1" + encode(value)


def uuid_bytes(value):
    return uuid.UUID(value).bytes


def canonical(entry):
    """The bytes that are hashed: version, then every field in order."""
    at = datetime.datetime.strptime(entry["at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    micros = (at - EPOCH) // datetime.timedelta(microseconds=1)
    kind, _, actor_id = entry["actor"].partition(":")
    return b"".join([
        b"\1",
        uuid_bytes(entry["id"]),
        struct.pack(">q", micros),
        text(entry["kind"]),
        text(kind),
        optional(actor_id or None, uuid_bytes),
        optional(entry["request"], uuid_bytes),
        optional(entry["subject"], text),
        optional(entry["verdict"], text),
        optional(entry["rule"], text),
        optional(entry["policy_version"], lambda version: struct.pack(">Q", version)),
        optional(entry["outcome"], text),
        optional(entry["input"], base64.b64decode),
        optional(entry["output"], base64.b64decode),
        optional(entry["facts"], base64.b64decode),
    ])


def tree_root(leaves):
    """RFC 6962, section 2.1."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    middle = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1" + tree_root(leaves[:middle]) + tree_root(leaves[middle:]))


def verify(path):
    leaves = []
    chain = sha256(b"countersign audit chain v1")

    def report(reason=None, first_bad=None):
        return {
            "valid": reason is None, "entries": len(leaves), "first_bad": first_bad, "reason": reason,
            "root": tree_root(leaves).hex(), "chain": chain.hex(),
        }

    covered = 0
    with open(path, encoding="utf-8", newline="\n") as lines:
        for line in lines:
            try:
                value = json.loads(line)
            except ValueError as error:
                return report(f"malformed: {error}", len(leaves))
            if "key" in value:
                continue
            if "start" in value:
                return report("pruned logs are not read by this script", 0)
            if "checkpoint" in value:
                body = value["checkpoint"].split("\n\n")[0].split("\n")
                expected = [str(len(leaves)), base64.b64encode(tree_root(leaves)).decode(), "chain " + base64.b64encode(chain).decode()]
                if body[1:4] != expected:
                    return report("a checkpoint does not fit the log", covered)
                covered = len(leaves)
                continue
            if list(value) != FIELDS:
                return report("malformed: other fields", len(leaves))
            if value["position"] != len(leaves):
                return report("position", len(leaves))
            leaf = sha256(b"\0" + struct.pack(">Q", value["position"]) + canonical(value) + base64.b64decode(value["mac"]))
            following = sha256(b"\2" + chain + leaf)
            if base64.b64encode(following).decode() != value["chain"]:
                return report("chain", len(leaves))
            leaves.append(leaf)
            chain = following
    return report()


if __name__ == "__main__":
    outcome = verify(sys.argv[1])
    print(json.dumps(outcome))
    sys.exit(0 if outcome["valid"] else 1)
