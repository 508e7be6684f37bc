#!/bin/sh
# Fetches the two parts of the Android build that only Debian 11 (bullseye) has, into a folder of their own:
# android.jar of API 23, which app code is compiled against, and dx, which turns class files into a dex file.
#
#   android_demo/toolchain.sh [DIR]     DIR is .cache/android of this repository by default
#
# Nothing is installed: a private apt reads bullseye's lists from the mirror this machine already uses, and the
# packages are only unpacked. What it finds in place it leaves alone. The last line printed is DIR.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
directory=${1:-$root/.cache/android}
suite=bullseye
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
    echo "toolchain.sh: $1" >&2
    echo "hint: $2" >&2
    exit 1
}

is_complete() {
    [ -f "$directory/android-23.jar" ] && [ -f "$directory/dx.jar" ]
}

# The mirror of this machine's own Debian packages; a suite's name is the only thing that differs.
mirror() {
    apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(RELEASE) $(REPO_URI)' 'Identifier: Packages' |
        awk '$1 == "Debian" && $2 == "main" && $3 !~ /-/ { print $4; exit }'
}

# Read after the machine's own settings, whose proxies hold; its hooks would touch the machine.
private_apt() {
    state=$1
    mkdir -p "$state/lists/partial" "$state/archives/partial"
    : >"$state/status"
    echo "deb [signed-by=$keyring] $2 $suite main" >"$state/sources.list"
    cat >"$state/apt.conf" <<CONF
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "";
Acquire::Languages "none";
Dir::Etc::sourcelist "$state/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$state";
Dir::State::lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state";
Dir::Cache::archives "$state/archives";
Dir::Log "$state";
CONF
}

fetch() {
    state=$(mktemp -d)
    trap 'rm -rf "$state"' EXIT INT TERM
    uri=$(mirror)
    [ -n "$uri" ] || fail "apt names no Debian mirror here" "run 'apt-get update' on Debian 12 or newer, then this again"
    private_apt "$state" "$uri"
    apt-get -qq -c "$state/apt.conf" update ||
        fail "the package lists of $suite could not be read" "check the network and that the mirror still serves $suite"
    (cd "$state" && apt-get -qq -c "$state/apt.conf" download dalvik-exchange libandroid-23-java) ||
        fail "the packages of $suite could not be downloaded" "check the network, then run this again"
    for deb in "$state"/*.deb; do
        dpkg -x "$deb" "$state/root"
    done
    mkdir -p "$directory"
    # -L: the packages' paths are links to versioned files.
    cp -L "$(find "$state/root" -path '*android-23*' -name android.jar | head -n 1)" "$state/android-23.jar"
    cp -L "$state/root/usr/share/java/com.android.dx.jar" "$state/dx.jar"
    mv "$state/android-23.jar" "$state/dx.jar" "$directory/"
}

is_complete || fetch
echo "$directory"
