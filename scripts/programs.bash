# Sourced by the scripts that need the project's programs: sets up what is missing, builds them, and finds them.
#   root      this repository's folder
#   programs  the folder with late_fusion, late_fusion_node and late_fusion_encoder
# The simulator can be imported afterwards.
root=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

# Who only asks for help has nothing set up or built for that; where nothing is there yet, the script's own head will do.
case " $* " in
    *" --help "* | *" -h "*)
        if [ ! -x "$root/.deps/venv/bin/python3" ]; then
            sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//p}' "$0"
            exit
        fi
        . "$root/scripts/env.bash"
        ;;
    *)
        "$root/scripts/setup"
        . "$root/scripts/env.bash"
        (cd "$root" && cargo build --release --bins)
        ;;
esac
# shellcheck disable=SC2034 # for the script that sources this one
programs=$(cd "$root" && cargo metadata --format-version 1 --no-deps |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release
export PYTHONPATH="$root/sim${PYTHONPATH:+:$PYTHONPATH}"
