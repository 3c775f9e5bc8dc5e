# Sourced by the scripts that need the project's programs: sets up what is missing, builds them, and finds them.
#   root      this repository's folder
#   programs  the folder with late_fusion, late_fusion_node and late_fusion_encoder
# The simulator can be imported afterwards.
root=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

"$root/scripts/setup"
. "$root/scripts/env.bash"
(cd "$root" && cargo build --release --bins)
programs=$(cd "$root" && cargo metadata --format-version 1 --no-deps |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release
export PYTHONPATH="$root/sim${PYTHONPATH:+:$PYTHONPATH}"
