#!/bin/bash
# Debian trixie with its Swift in a folder of its own, for machines whose own system has none:
#   sudo ios_demo/toolchain.sh [FOLDER]      by default /opt/trixie, where build.sh looks for it
# It takes about 3 GB, and touches nothing outside of FOLDER but the mount of its /proc.
set -euo pipefail
folder=${1:-/opt/trixie}

if ! command -v debootstrap >/dev/null; then
    echo "debootstrap is missing: apt-get install debootstrap" >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "A chroot is made by root: sudo $0 $*" >&2
    exit 1
fi
if [ ! -e "$folder/etc/debian_version" ]; then debootstrap --variant=minbase trixie "$folder" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}; fi
# The compiler finds its own libraries by /proc/self/exe.
mountpoint -q "$folder/proc" || mount -t proc proc "$folder/proc"
# swiftlang does not ask for libstdc++'s own package, which a binary with Swift's libraries inside is linked with.
chroot "$folder" apt-get update
chroot "$folder" apt-get install --yes --no-install-recommends swiftlang libstdc++-14-dev
chroot "$folder" swift --version
