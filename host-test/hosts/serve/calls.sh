#!/usr/bin/env bash
# Makes each call once, by HTTP: TWOCHAT_API_KEY=… calls.sh served.wasm
set -euo pipefail

# What the connector sees. The front was built with a standard library, which wants `cli`.
options=(-S cli --addr 127.0.0.1:0)
[[ ${ALLOWED_ORIGIN-any} ]] || options+=(-S http=n)
[[ ${TWOCHAT_BASE_URL-} ]] && options+=(--env TWOCHAT_BASE_URL)
[[ ${TWOCHAT_API_KEY-} ]] && options+=(--env TWOCHAT_API_KEY)

exec 3< <(RUST_BACKTRACE=0 exec wasmtime serve "${options[@]}" "$1" 2>&1)
trap 'kill $! 2>/dev/null || true' EXIT
read -r -t 45 line <&3 || true
[[ ${line-} == Serving* ]] || { echo "${line:-wasmtime serve says nothing}" >&2; exit 1; }
origin=${line#*on }

call() {
  local reply
  reply=$(curl --silent --show-error --fail-with-body --max-time 45 --data "$2" "$origin$1") ||
    { echo "$reply" >&2; exit 1; }
  echo "$1: $reply"
}

call test-api-key ''
call get-api-usage-info ''
call create-contact '{"first-name": "Ada", "details": [{"kind": "phone", "value": "+14155550123"}]}'
call list-contacts '{"results-per-page": 100}'
call list-webhook-subscriptions ''
