#!/usr/bin/env bash
# Compiles the kit with Debian's kotlinc to edgelm-core.jar and its command-line driver to edgelm-driver.jar.
#
#   android_demo/core/build.sh OUTDIR
#
# The last line printed is the class path that runs the driver: both jars and Kotlin's library. A jar that is newer
# than its sources is left alone.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)

fail() {
    echo "build.sh: $1" >&2
    echo "hint: $2" >&2
    exit 1
}

[ $# -eq 1 ] || fail "it takes one folder" "android_demo/core/build.sh OUTDIR"
command -v kotlinc >/dev/null || fail "kotlinc is missing" "apt-get install kotlin"
mkdir -p "$1"
out=$(cd "$1" && pwd)
stdlib=$(dirname "$(dirname "$(readlink -f "$(command -v kotlinc)")")")/lib/kotlin-stdlib.jar
[ -f "$stdlib" ] || stdlib=/usr/share/java/kotlin-stdlib.jar
[ -f "$stdlib" ] || fail "kotlin-stdlib.jar is not beside kotlinc" "apt-get install --reinstall kotlin"

# compile JAR SOURCES CLASSPATH: unless the jar is newer than the sources, this script and the class path.
compile() {
    local jar=$1 sources=$2 path=$3
    if [ -f "$jar" ] && [ -z "$(find "$sources" "$here/build.sh" ${path//:/ } -newer "$jar" | head -n 1)" ]; then
        return
    fi
    kotlinc -jvm-target 1.8 -no-reflect -no-stdlib -cp "$path" \
        -d "$out/.$$.jar" "$sources" 2>"$out/.$$.log" ||
        { cat "$out/.$$.log" >&2; exit 1; }
    rm "$out/.$$.log"
    mv "$out/.$$.jar" "$jar"
}

compile "$out/edgelm-core.jar" "$here/src/main/kotlin" "$stdlib"
compile "$out/edgelm-driver.jar" "$here/src/driver/kotlin" "$stdlib:$out/edgelm-core.jar"
echo "$out/edgelm-core.jar:$out/edgelm-driver.jar:$stdlib"
