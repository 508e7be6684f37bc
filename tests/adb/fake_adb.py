"""Stands for adb and a phone: files go to and from a folder, and scripts run in a shell whose ARM programs qemu runs.

``$FAKE_PHONE`` names the phone's folder. In it ``phone.json`` says what there is and what goes wrong, ``root/`` is what
/data/local/tmp is on a phone, and ``calls.txt`` lists every call. What is copied is run as it was copied: qemu is given
a /proc/cpuinfo and nothing else of a system, so a library that was left out is missed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PHONE = Path(os.environ["FAKE_PHONE"])
STATE = json.loads((PHONE / "phone.json").read_text("utf-8"))
ROOT = PHONE / "root"
LOADER = re.compile(r"(?<= )\S*/ld-linux-aarch64\.so\.1(?= )")


def main(arguments: list[str]) -> int:
    with (PHONE / "calls.txt").open("a") as calls:
        calls.write(" ".join(arguments) + "\n")
    if arguments == ["devices"]:
        return devices()
    assert arguments[0] == "-s"
    assert arguments[1] in STATE["devices"]
    verb, *rest = arguments[2:]
    if verb in STATE.get("lost_at", ()):
        print(f"adb: error: failed to {verb}: no space left on device", file=sys.stderr)
        return 1
    return {"push": push, "pull": pull, "shell": shell}[verb](*rest)


def devices() -> int:
    if STATE.get("dead"):
        print("error: could not install *smartsocket* listener: Address already in use", file=sys.stderr)
        return 1
    print("* daemon not running; starting now at tcp:5037\n* daemon started successfully\nList of devices attached")
    print("".join(f"{serial}\t{state}\n" for serial, state in STATE["devices"].items()))
    return 0


def push(local: str, remote: str) -> int:
    """A folder into another, under its own name, as adb copies it into one that is there."""
    shutil.copytree(local, here(remote) / Path(local).name)
    for name in STATE.get("forgets", ()):
        for found in ROOT.rglob(name):
            found.unlink()
    return 0


def pull(remote: str, local: str) -> int:
    shutil.copytree(here(remote), Path(local) / Path(remote).name)
    return 0


def shell(script: str) -> int:
    for pattern, replacement in STATE.get("scripts", {}).items():
        script = re.sub(pattern, replacement, script)
    # Without a binfmt entry for ARM programs, qemu is named where the phone's kernel would start the loader itself.
    script = LOADER.sub(lambda loader: f"{STATE['qemu']} {loader[0]}", script.replace("/data/local/tmp", str(ROOT)))
    environment = {"PATH": f"{PHONE / 'bin'}:/usr/bin:/bin"}
    done = subprocess.run(["/bin/sh", "-c", script], env=environment, capture_output=True, text=True, check=False)
    sys.stdout.write(done.stdout + done.stderr)
    return 0 if STATE.get("hides_status") else done.returncode


def here(remote: str) -> Path:
    assert remote.startswith("/data/local/tmp/")
    return ROOT / remote.removeprefix("/data/local/tmp/")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
