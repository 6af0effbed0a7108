#!/usr/bin/env bash
# The same with the connector pulled: pulled.sh FOLDER pushes it to a registry of its own,
# has the manifest name it there, and makes each call once.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cp "$1"/{config.yaml,front.wasm} "$work"
connector=$(cd "$1" && pwd)/twochat.wasm
cd "$work"

printf '%s\n' 'version: 0.1' 'storage: { inmemory: {} }' 'http: { addr: 127.0.0.1:0 }' >registry.yml
exec 4< <(exec docker-registry serve registry.yml 2>&1)
trap 'kill $! 2>/dev/null || true; rm -r "$work"' EXIT
port=
while [[ -z $port ]] && read -r -t 20 line <&4; do
  [[ $line != *"listening on 127.0.0.1:"* ]] || port=${line##*listening on 127.0.0.1:}
done
image=127.0.0.1:${port%%[!0-9]*}/twochat:0.1.0

told=$(wash oci push --insecure "$image" "$connector" 2>&1) || { echo "$told" >&2; exit 1; }
sed -i "s|file: .*|image: $image|; s|^dev:|&\n  allow_insecure_registries: true|" config.yaml
"$here/calls.sh" .
