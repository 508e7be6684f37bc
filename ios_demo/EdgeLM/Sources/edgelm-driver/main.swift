import EdgeLM

/// Answers JSON lines on stdin with JSON lines on stdout; the protocol is written down in `conformance/README.md`.
var requests = Requests(channel: Channel())
while let line = requests.channel.readLine() { requests.answer(line) }
