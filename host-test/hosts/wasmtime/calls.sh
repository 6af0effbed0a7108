#!/usr/bin/env bash
# Makes each call once: TWOCHAT_API_KEY=… calls.sh twochat.wasm
set -euo pipefail

# The way out, unless it is forbidden, and the two variables that the connector reads.
wasmtime=(wasmtime run)
[[ ${ALLOWED_ORIGIN-any} ]] && wasmtime+=(-S http)
[[ ${TWOCHAT_BASE_URL-} ]] && wasmtime+=(--env TWOCHAT_BASE_URL)
[[ ${TWOCHAT_API_KEY-} ]] && wasmtime+=(--env TWOCHAT_API_KEY)

# wasmtime ends with 0 for an error of the connector as well.
call() {
  local outcome
  outcome=$(RUST_BACKTRACE=0 "${wasmtime[@]}" --invoke "$1" "$file")
  [[ $outcome == ok* ]] || { echo "$outcome" >&2; exit 1; }
  echo "${1%%(*}: $outcome"
}

file=$1
call 'test-api-key()'
call 'get-api-usage-info()'
call 'create-contact({first-name: "Ada", details: [{kind: phone, value: "+14155550123"}]})'
call 'list-contacts({:})'
call 'list-webhook-subscriptions()'
