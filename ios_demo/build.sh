#!/bin/bash
# Builds the package's command-line driver and prints its path on the last line; or runs the package's own tests.
#   ios_demo/build.sh [FOLDER]
#   ios_demo/build.sh --test
# It takes the `swift` on PATH, else that of the chroot that toolchain.sh made (EDGELM_SWIFT_CHROOT). The binary holds Swift's
# own libraries. One that was built in the chroot is started by the chroot's loader, with the C library that it was linked
# with, so that it runs outside of the chroot.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
chroot=${EDGELM_SWIFT_CHROOT:-/opt/trixie}
inside=/var/tmp/edgelm-swift

# The chroot keeps its copy of the sources and what it built of them, so that a second build is quick.
copy_in() {
    mkdir -p "$chroot$inside/package"
    exec 9>"$chroot$inside/lock"
    flock 9  # held to the end: two runs at once would build from half a copy
    rm -rf "$chroot$inside/package/Sources" "$chroot$inside/package/Tests" "$chroot$inside/bundle"
    cp -pR "$here/EdgeLM/Package.swift" "$here/EdgeLM/Sources" "$here/EdgeLM/Tests" "$chroot$inside/package/"
    mountpoint -q "$chroot/proc" || mount -t proc proc "$chroot/proc"
}

if command -v swift >/dev/null; then
    package=$here/EdgeLM
    build=$here/../.cache/kits/swift-build
    run=(swift)
elif [ -L "$chroot/usr/bin/swift" ] || [ -x "$chroot/usr/bin/swift" ]; then
    copy_in
    package=$inside/package
    build=$inside/build
    run=(chroot "$chroot" swift)
else
    echo "No Swift here. Install one, or on Debian: ios_demo/toolchain.sh (into $chroot)." >&2
    exit 1
fi

if [ "${1:-}" = --test ]; then
    if [ -n "${EDGELM_BUNDLE:-}" ] && [ "${run[0]}" = chroot ]; then
        cp -pR "$EDGELM_BUNDLE" "$chroot$inside/bundle"
        export EDGELM_BUNDLE=$inside/bundle
    fi
    exec "${run[@]}" test --package-path "$package" --scratch-path "$build-tests"
fi

out=$(mkdir -p "${1:-$here/../.cache/kits/swift}" && cd "${1:-$here/../.cache/kits/swift}" && pwd)
make_driver() {
    "${run[@]}" build --package-path "$package" --scratch-path "$build" --configuration release --product edgelm-driver \
        --static-swift-stdlib >&2
}
# Debian's SwiftPM 6.0.3 was seen to crash before it compiles (signal 11), on a machine under load; a second run goes on.
make_driver || { [ $? -gt 128 ] && make_driver; }
# Never onto a program that may be running.
copy() {
    cp "$1" "$2.$$"
    mv "$2.$$" "$2"
}
if [ "${run[0]}" = chroot ]; then
    copy "$chroot$build/release/edgelm-driver" "$out/edgelm-driver.bin"
    libraries=$(cd "$chroot"/usr/lib/*-linux-gnu && pwd)
    loader=$(ls "$libraries"/ld-linux-*.so.*)
    printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$libraries" "$out/edgelm-driver.bin" >"$out/edgelm-driver"
    chmod +x "$out/edgelm-driver"
else
    copy "$build/release/edgelm-driver" "$out/edgelm-driver"
fi
echo "$out/edgelm-driver"
