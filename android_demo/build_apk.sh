#!/usr/bin/env bash
# Builds a signed APK that runs bundles in a WebView: web_demo's page, the Kotlin kit for tokenizer and decoding, and
# the bundles' runtime as WebAssembly. All tools are Debian's: no Gradle, no Android SDK. The same inputs give the same
# bytes.
#
#   android_demo/build_apk.sh [NAME=]BUNDLE [[NAME=]BUNDLE ...] OUT.apk
#
# KEYSTORE=FILE KEYSTORE_PASSWORD=... [KEY_ALIAS=edgelm] sign with a key of yours; else with a debug key that is made
# once. It and what else is kept are in ANDROID_TOOLS, .cache/android by default. NODE_MODULES=DIR says where web_demo's
# npm packages are, if not in .cache/web or web_demo. LITERT_BUILDS=relaxed leaves out LiteRT.js for WebViews older
# than 114, 2.9 MB of the APK.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
framework=/usr/share/android-framework-res/framework-res.apk
min_sdk=24

fail() {
    echo "build_apk.sh: $1" >&2
    echo "hint: $2" >&2
    exit 1
}

check_tools() {
    for tool in aapt2 zipalign apksigner kotlinc javac keytool node npm python3; do
        command -v "$tool" >/dev/null || fail "$tool is missing" \
            "apt-get install aapt zipalign apksigner kotlin default-jdk-headless android-framework-res nodejs npm python3"
    done
    [ -f "$framework" ] || fail "$framework is missing" "apt-get install android-framework-res"
}

check_bundle() {
    local folder=$1
    [[ $1 =~ ^[A-Za-z0-9_.-]+=(.*)$ ]] && folder=${BASH_REMATCH[1]}
    [ -f "$folder/edgelm.json" ] || fail "$folder is no bundle: it has no edgelm.json" \
        "make one: edgelm export MODEL --target tflite --precision int8"
}

# Resources and manifest: base.apk and the class R.
build_resources() {
    mkdir -p "$work/gen" "$work/res"
    aapt2 compile --dir "$here/webview/res" -o "$work/res/res.zip"
    aapt2 link -I "$framework" --manifest "$here/webview/AndroidManifest.xml" --java "$work/gen" \
        -o "$work/base.apk" "$work/res/res.zip"
}

# One dex of the kit, the app and Kotlin's library, compiled against the platform's API 23: what is newer does not
# compile. It takes most of the time and changes rarely, so it is kept, and made anew when a source is newer.
build_code() {
    local code=$tools/webview.dex
    local sources=("$here/core/src/main/kotlin" "$here/webview" "$here/build_apk.sh" "$tools/android-23.jar")
    if [ ! -f "$code" ] || [ -n "$(find "${sources[@]}" -newer "$code" | head -n 1)" ]; then
        touch "$work/begun" # a source that is changed meanwhile is newer than the dex
        compile_code
        dex_code "$work/webview.dex"
        touch -r "$work/begun" "$work/webview.dex"
        mv "$work/webview.dex" "$code"
    fi
    cp "$code" "$work/classes.dex"
}

compile_code() {
    mkdir -p "$work/classes"
    find "$work/gen" -name '*.java' -print0 | xargs -0 \
        javac -nowarn -source 8 -target 8 -bootclasspath "$tools/android-23.jar" -d "$work/classes" \
        2>"$work/javac.log" || { cat "$work/javac.log" >&2; exit 1; }
    kotlinc -no-jdk -no-reflect -no-stdlib -jvm-target 1.8 \
        -cp "$tools/android-23.jar:$stdlib:$work/classes" -d "$work/classes" \
        "$here/core/src/main/kotlin" "$here/webview/src" \
        2>"$work/kotlinc.log" || { cat "$work/kotlinc.log" >&2; exit 1; }
}

dex_code() {
    java -cp "$tools/dx.jar" com.android.dx.command.Main --dex --min-sdk-version="$min_sdk" --output="$1" \
        "$work/classes" "$stdlib"
}

# web_demo's own build: the page, the JavaScript kit, the bundles, and of the runtimes only what these bundles need.
# The build of LiteRT.js with threads is left out: a WebView gives a page none.
build_page() {
    local arguments=()
    for bundle; do arguments+=(--bundle "$bundle"); done
    node "$root/web_demo/build.mjs" "${arguments[@]}" --litert "${LITERT_BUILDS:-relaxed,compat}" \
        --modules "$modules" --out "$work/page" >"$work/page.log" 2>&1 || { cat "$work/page.log" >&2; exit 1; }
}

# Android 7 (API 24) and newer read the signature of the whole file (v2, v3); v1 is for older ones.
sign() {
    if [ -z "${KEYSTORE:-}" ]; then
        KEYSTORE=$tools/debug.keystore
        KEYSTORE_PASSWORD=android
        [ -f "$KEYSTORE" ] || keytool -genkeypair -keystore "$KEYSTORE" -storetype PKCS12 -storepass android \
            -alias edgelm -keyalg RSA -keysize 2048 -validity 10950 -dname "CN=edgelm debug" 2>/dev/null
    fi
    export KEYSTORE_PASSWORD
    apksigner sign --ks "$KEYSTORE" --ks-key-alias "${KEY_ALIAS:-edgelm}" --ks-pass env:KEYSTORE_PASSWORD \
        --min-sdk-version "$min_sdk" --v1-signing-enabled false --v4-signing-enabled false --out "$2" "$1"
}

find_modules() {
    for folder in "${NODE_MODULES:-}" "$root/.cache/web/node_modules" "$root/web_demo/node_modules"; do
        [ -n "$folder" ] && [ -d "$folder/onnxruntime-web" ] && echo "$folder" && return
    done
    fail "web_demo's npm packages are not installed" "npm ci --prefix web_demo"
}

[ $# -ge 2 ] || fail "usage: android_demo/build_apk.sh [NAME=]BUNDLE [...] OUT.apk" "name a bundle and the file to write"
out=${*: -1}
bundles=("${@:1:$#-1}")

check_tools
for bundle in "${bundles[@]}"; do check_bundle "$bundle"; done
modules=$(find_modules)
tools=$("$here/toolchain.sh" ${ANDROID_TOOLS:+"$ANDROID_TOOLS"})
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
stdlib=$(dirname "$(dirname "$(readlink -f "$(command -v kotlinc)")")")/lib/kotlin-stdlib.jar

build_resources
build_code
build_page "${bundles[@]}"
python3 "$here/apk/pack.py" "$work/base.apk" "$work/classes.dex" "$work/page" "$work/packed.apk"
zipalign -p 4 "$work/packed.apk" "$work/aligned.apk"
sign "$work/aligned.apk" "$work/signed.apk"
mv "$work/signed.apk" "$out"
python3 "$here/apk/pack.py" --sizes "$out"
echo "$out"
