# The verbs of scripts/setup, which sources this file. It sets step_count, deps (the full path of .deps), venv, and ros
# (where a sourced ROS 2 lies, or nothing).
# shellcheck shell=bash disable=SC2154

# ---- telling ---------------------------------------------------------------------------------------------------------

step_number=0
step_name=setup

step() {
    step_name=$1
    step_number=$((step_number + 1))
    echo "[$step_number/$step_count] $step_name"
}

note() {
    echo "      $1"
}

# stop MESSAGE [MORE]...: say why it cannot go on, and end.
stop() {
    printf '\nscripts/setup stopped at "%s": %s\n' "$step_name" "$1" >&2
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" >&2
    exit 1
}

# run WHAT ADVICE COMMAND...: run a command with its output in a log and its seconds on the screen. If it fails, show
# the end of the log with the advice, and end.
run() {
    local what=$1 advice=$2 started=$SECONDS log="$deps/log/${step_name// /_}.log" status=0 pid
    shift 2
    mkdir -p "$deps/log"
    # In a process group of its own, so that an interruption ends all that the command has started.
    set -m
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    set +m
    trap 'kill -- "-$pid" 2>/dev/null; echo; echo "interrupted; run it again to go on from here" >&2; exit 130' INT TERM
    if [ -t 1 ]; then
        while kill -0 "$pid" 2>/dev/null; do
            printf '\r      %s: %d s ' "$what" $((SECONDS - started))
            sleep 0.5
        done
        printf '\r'
    else
        note "$what ..."
    fi
    wait "$pid" || status=$?
    trap - INT TERM
    if [ "$status" -ne 0 ]; then
        printf '\n--- the end of %s\n' "$log" >&2
        grep -v "WARNING: Retrying" "$log" | tail -n 12 >&2
        stop "$what failed (exit status $status)." "$advice"
    fi
    note "$what: $((SECONDS - started)) s"
}

# ---- what is done already --------------------------------------------------------------------------------------------

# A finished step leaves a stamp that holds the key of what it was made from.
is_done() {
    [ "$(cat "$deps/stamps/$1" 2>/dev/null)" = "$2" ]
}

mark_done() {
    mkdir -p "$deps/stamps"
    echo "$2" >"$deps/stamps/$1"
}

forget_all() {
    rm -rf "$deps/stamps"
}

key_of() {
    cat -- "$@" | sha256sum | cut -d ' ' -f 1
}

# ---- system packages -------------------------------------------------------------------------------------------------

missing_packages() {
    local package
    for package in "$@"; do
        case "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" in
            installed) ;;
            *) printf '%s\n' "$package" ;;
        esac
    done
}

# Whether the distribution has a browser with its driver as packages: Debian does, Ubuntu has a snap.
has_browser_package() {
    grep -qx 'ID=debian' /etc/os-release 2>/dev/null
}

can_be_root() {
    [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

install_packages() {
    local as_root="env DEBIAN_FRONTEND=noninteractive"
    [ "$(id -u)" -eq 0 ] || as_root="sudo -n $as_root"
    # A third-party source that cannot be reached is no reason to stop: the packages come from the distribution's own.
    $as_root apt-get update || true
    $as_root apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

# ---- Python ----------------------------------------------------------------------------------------------------------

# Print the full path of the interpreter behind a command, if it can be used here.
usable_python() {
    "$1" - "${PYTHONS[*]}" "$ros" 2>/dev/null <<'PYTHON'
import importlib.util, platform, sys

version = "%d.%d" % sys.version_info[:2]
fits = version in sys.argv[1].split() and platform.python_implementation() == "CPython"
knows_ros = not sys.argv[2] or importlib.util.find_spec("rclpy")
sys.exit(print(sys.executable) if fits and knows_ros else 1)
PYTHON
}

can_make_environments() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

# The first interpreter that fits; one that can make environments at once is preferred to one that needs a package.
choose_python() {
    local command path fallback=
    for command in python3 /usr/bin/python3 "${PYTHONS[@]/#/python}"; do
        path=$(usable_python "$command") || continue
        if can_make_environments "$path"; then
            echo "$path"
            return
        fi
        fallback=${fallback:-$path}
    done
    echo "$fallback"
}

no_python_fits() {
    stop "no Python fits; CPython of one of these versions is needed: ${PYTHONS[*]}" \
        "(python3 is: $(python3 --version 2>&1 || true)). Install one, for example python3.12 and python3.12-venv." \
        ${ros:+"It must be the one that the ROS 2 in $ros uses: 'python3 -c \"import rclpy\"' has to work with it."}
}

pip() {
    "$venv/bin/python3" -m pip "$@"
}

# make_venv PYTHON: with a sourced ROS 2 its Python packages stay visible, and its numpy's generation is kept, because
# the ROS message libraries were compiled against that.
make_venv() {
    "$1" -m venv --clear ${ros:+--system-site-packages} "$venv" || return
    if [ -n "$ros" ]; then
        "$1" -c 'import numpy; print("numpy<%d" % (int(numpy.__version__.split(".")[0]) + 1))' >"$deps/constraints.txt"
    else
        : >"$deps/constraints.txt"
    fi
}

# pip writes INSTALLER after a package's own files. A package without it was cut off, and pip would take it for whole.
pip_install() {
    local record
    for record in "$venv"/lib/python3.*/site-packages/*.dist-info; do
        [ -e "$record/INSTALLER" ] || rm -rf "$record"
    done
    pip install --constraint "$deps/constraints.txt" "$@"
}

# The runtime's shared library alone. Its wheel for one Python version serves every machine, since no Python loads it.
take_onnxruntime() {
    local part="$deps/onnxruntime.part" platform
    platform=$(uname -m)
    rm -rf "$part" "$deps/onnxruntime"
    pip install --no-deps --ignore-requires-python --target "$part" \
        --only-binary :all: --implementation cp --python-version 3.12 \
        --platform "manylinux_2_28_$platform" --platform "manylinux_2_27_$platform" \
        --requirement scripts/requirements/onnxruntime.txt || return
    mkdir "$deps/onnxruntime"
    mv "$part"/onnxruntime/capi/libonnxruntime.so.* "$part"/onnxruntime/{LICENSE,ThirdPartyNotices.txt} \
        "$deps/onnxruntime" || return
    rm -rf "$part"
}

# Keep the first way of drawing without a screen that gives a picture which is not blank. (Meta-World is imported to see
# that it can be.)
choose_renderer() {
    local way
    for way in egl osmesa; do
        echo "trying MUJOCO_GL=$way"
        if MUJOCO_GL=$way "$venv/bin/python3" - <<'PYTHON'
import metaworld
import mujoco

model = mujoco.MjModel.from_xml_string('<mujoco><worldbody><geom size="1" rgba="1 0 0 1"/></worldbody></mujoco>')
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
with mujoco.Renderer(model, 64, 64) as renderer:
    renderer.update_scene(data)
    assert renderer.render().any(), "the picture is blank"
PYTHON
        then
            echo "$way" >"$deps/mujoco_gl"
            return
        fi
    done
    return 1
}
