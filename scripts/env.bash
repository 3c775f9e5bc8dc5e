# The environment in which late_fusion is built, run and tested. To be sourced, by bash or zsh:
#
#     source scripts/env.bash
#
# A ROS 2 that is already sourced stays in charge. Without one, the ROS 2 that scripts/setup put under .deps/ is used.
# Variables that you have set yourself (MUJOCO_GL, LATE_FUSION_ONNXRUNTIME, the Fast DDS profile) are left alone.

_late_fusion_root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]:-$0}")/.." && pwd -P)
# Without links, so that several working trees can share one .deps and see one and the same path.
_late_fusion_deps=$(cd -P -- "$_late_fusion_root/.deps" 2>/dev/null && pwd -P) || true
. "$_late_fusion_root/scripts/sourced_ros.bash"

# _late_fusion_prepend NAME FOLDER: put the folder first in a list of paths, once.
_late_fusion_prepend() {
    local before
    eval "before=\${$1:-}"
    case ":$before:" in
        *":$2:"*) ;;
        *) export "$1=$2${before:+:$before}" ;;
    esac
}

if [ -z "$_late_fusion_deps" ] || [ ! -x "$_late_fusion_deps/venv/bin/python3" ]; then
    echo "late_fusion: there is no .deps/venv yet; run scripts/setup, then source this file again" >&2
else
    _late_fusion_prepend PATH "$_late_fusion_deps/venv/bin"
    _late_fusion_ros=$(late_fusion_sourced_ros)
    if [ -n "$_late_fusion_ros" ] && [ -e "$_late_fusion_deps/venv/lib/librcl.so" ]; then
        echo "late_fusion: .deps was made without the ROS 2 in $_late_fusion_ros; run scripts/setup again" >&2
    elif [ -z "$_late_fusion_ros" ] && [ -e "$_late_fusion_deps/venv/lib/librcl.so" ]; then
        ROS_DISTRO=$(cat "$_late_fusion_deps/ros_distro")
        # r2r 0.9.7 does not know the name of Kilted; what it asks of it is as in Jazzy.
        [ "$ROS_DISTRO" != kilted ] || ROS_DISTRO=jazzy
        export ROS_DISTRO ROS_VERSION=2 ROS_PYTHON_VERSION=3
        _late_fusion_prepend AMENT_PREFIX_PATH "$_late_fusion_deps/venv"
        _late_fusion_prepend CMAKE_PREFIX_PATH "$_late_fusion_deps/venv"
        _late_fusion_prepend LD_LIBRARY_PATH "$_late_fusion_deps/venv/lib"
        # The wheels start each Python twice to set a library path that scripts/repair_underlay.py made needless.
        export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
    elif [ -z "$_late_fusion_ros" ]; then
        echo "late_fusion: .deps was made for a sourced ROS 2, and none is now; source it or run scripts/setup" >&2
    fi

    _late_fusion_runtime=$(find "$_late_fusion_deps" -maxdepth 2 -name 'libonnxruntime.so.*' -print -quit)
    if [ -n "$_late_fusion_runtime" ]; then
        export LATE_FUSION_ONNXRUNTIME="${LATE_FUSION_ONNXRUNTIME:-$_late_fusion_runtime}"
    fi
    if [ -r "$_late_fusion_deps/mujoco_gl" ]; then
        export MUJOCO_GL="${MUJOCO_GL:-$(cat "$_late_fusion_deps/mujoco_gl")}"
    fi
fi

export FASTRTPS_DEFAULT_PROFILES_FILE="${FASTRTPS_DEFAULT_PROFILES_FILE:-$_late_fusion_root/config/fastdds_shm.xml}"
# The name under which Fast DDS 3 (ROS 2 Kilted and later) looks for it.
export FASTDDS_DEFAULT_PROFILES_FILE="${FASTDDS_DEFAULT_PROFILES_FILE:-$FASTRTPS_DEFAULT_PROFILES_FILE}"

unset _late_fusion_root _late_fusion_deps _late_fusion_ros _late_fusion_runtime
unset -f _late_fusion_prepend late_fusion_sourced_ros
