#!/usr/bin/env bash
# The built-in model on every format and precision, and on two emulated ARM CPUs; one page over all, as PROOF.md.
set -eu
edgelm=$1
out=.cache/proof
rm -rf "$out"
"$edgelm" doctor --install arm64
for precision in fp32 fp16 int8; do
  "$edgelm" export all-MiniLM-L6-v2 --target onnx --target tflite --target coreml --target openvino \
    --target onnx-arm64 --target tflite-arm64 --precision $precision -o $out/$precision
done
"$edgelm" report "$out"
{ echo "Written by \`make proof\`. Its latencies may have been taken beside other work: \`edgelm bench\` and RESULTS.md are for those."; echo; cat "$out/report.md"; } > benchmarks/PROOF.md
