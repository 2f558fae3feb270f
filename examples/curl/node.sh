#!/usr/bin/env bash
# A whole node over HTTP: registers, sends heartbeats until it is stopped (Ctrl-C, SIGTERM), says goodbye.
#   ROLLCALL_URL=http://127.0.0.1:8080 examples/curl/node.sh NODE_ID
set -euo pipefail
url=${ROLLCALL_URL:-http://127.0.0.1:8080}
node=${1:-curl-1}

say() { curl -sS --fail-with-body "$url/api/v1/events" -H 'content-type: application/json' -d "$1" >&2; echo >&2; }

# Listen first, so that no answer is missed.
events=$(mktemp)
curl -sSN "$url/api/v1/events/stream?node_id=$node" >"$events" &
listener=$!
trap 'kill $listener; rm -f "$events"' EXIT
until grep -q '^: start' "$events"; do sleep 0.1; done

say '{"payload_type": "NodeIntrospectionEvent", "payload": {
  "node_id": "'"$node"'", "node_type": "effect", "epoch": '"$(date +%s)"',
  "endpoints": {"api": "http://10.0.0.7:8080"}, "capabilities": ["payments.capture"]}}'

until accepted=$(grep -A1 '^event: NodeRegistrationAccepted' "$events"); do sleep 0.1; done
attempt=$(sed -n 's/.*"registration_attempt_id":"\([^"]*\)".*/\1/p' <<<"$accepted" | tail -1)
say '{"payload_type": "NodeRegistrationAcked", "payload": {
  "node_id": "'"$node"'", "registration_attempt_id": "'"$attempt"'"}}'

until grep -q '^event: NodeBecameActive' "$events"; do sleep 0.1; done
echo "$node is ACTIVE"

stopped=
trap 'stopped=yes' INT TERM
while [ -z "$stopped" ]; do
  sleep "${HEARTBEAT_SECONDS:-10}" &
  wait $! || kill $! || true
  [ -n "$stopped" ] || say '{"payload_type": "NodeHeartbeatEvent", "payload": {"node_id": "'"$node"'"}}'
done
say '{"payload_type": "NodeDeregister", "payload": {"node_id": "'"$node"'", "reason": "done"}}'
