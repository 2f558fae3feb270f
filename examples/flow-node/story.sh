#!/bin/sh
# The story of three runs, on a node that is served: examples/flow-node/story.sh [URL]
set -eu
node="${1:-http://127.0.0.1:9207}"

# field NAME: a field of the JSON on stdin.
field() { python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)[sys.argv[1]]))' "$1"; }
launch() { curl -fsS "$node/flow" -H 'content-type: application/json' -d "$1" | field fid | tr -d '"'; }
# await FID STATE
await() {
  for _ in $(seq 200); do
    state=$(curl -fsS "$node/$1/state" | field state | tr -d '"')
    [ "$state" = "$2" ] && return
    [ "$state" = error ] && break
    sleep 0.1
  done
  echo "$1 is $state, not $2" >&2
  exit 1
}

echo "flows: $(curl -fsS "$node/flows" | field nodes | grep -o '"path": "[^"]*"' | tr '\n' ' ')"

counting=$(launch '{"name": "Word Count", "inputs": {"text": "one two two"}}')
await "$counting" done
echo "counted: $(curl -fsS "$node/$counting/state" | field result)"

publishing=$(launch '{"path": "example.public.Publish", "inputs": {"title": "the report"}}')
await "$publishing" locked
echo "asked: $(curl -fsS "$node/$publishing/lock" | field locks | grep -o 'May [^"]*')"
curl -fsS -X PUT "$node/$publishing/lock" -H 'content-type: application/json' \
  -d '{"lid": "approve", "result": "yes"}' > /dev/null
await "$publishing" done
echo "published: $(curl -fsS "$node/$publishing/state" | field result)"

converting=$(launch '{"name": "Convert", "inputs": {"text": "loud"}}')
await "$converting" done
echo "converted: $(curl -fsS "$node/$converting/state" | field result)"

for run in "$counting" "$publishing" "$converting"; do curl -fsS -X PUT "$node/$run/ack" > /dev/null; done
echo "cleaned: $(curl -fsS -X POST "$node/clean" | field removed | grep -o '"fid"' | wc -l | tr -d ' ')"
