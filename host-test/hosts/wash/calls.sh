#!/usr/bin/env bash
# Makes each call once, by HTTP: TWOCHAT_API_KEY=… calls.sh FOLDER, with config.yaml,
# front.wasm and twochat.wasm in it.
set -euo pipefail
cd "$1"

# To another server, as the manifest says how, or to none.
host=${ALLOWED_ORIGIN-https://api.p.2chat.io}
host=${host#*//}
edits=(-e "s|allowedHosts: .*|allowedHosts: [${host:+\"$host\"}]|")
[[ ${TWOCHAT_BASE_URL-} ]] &&
  edits+=(-e "s|# config: .*|config: { TWOCHAT_BASE_URL: \"$TWOCHAT_BASE_URL\" }|")
mkdir -p .wash
sed "${edits[@]}" config.yaml >.wash/config.yaml

exec 3< <(RUST_BACKTRACE=0 NO_COLOR=1 exec wash dev 2>&1)
trap 'kill $! 2>/dev/null || true' EXIT
ready=
while [[ -z $ready ]] && read -r -t 45 line <&3; do
  case $line in
    *"server listening addr="*) origin=${line#*addr=} && origin=http://${origin%% *} ;;
    *"listening for HTTP requests"*) ready=yes ;;
    *INFO*) ;;
    *) echo "$line" >&2 ;;
  esac
done
[[ $ready ]] || exit 1

call() {
  local reply
  reply=$(curl --silent --show-error --fail-with-body --max-time 45 --data "$2" "$origin/$1") ||
    { echo "$reply" >&2; exit 1; }
  echo "$1: $reply"
}

call test-api-key ''
call get-api-usage-info ''
call create-contact '{"first-name": "Ada", "details": [{"kind": "phone", "value": "+14155550123"}]}'
call list-contacts '{"results-per-page": 100}'
call list-webhook-subscriptions ''
