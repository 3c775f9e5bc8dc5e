# To be sourced, by bash or zsh.

# Print where the ROS 2 lies that is sourced at this moment; nothing if there is none. An environment made of wheels,
# that of this working copy or of another, does not count as one.
late_fusion_sourced_ros() {
    local rest="${AMENT_PREFIX_PATH:-}:" prefix
    while [ -n "$rest" ]; do
        prefix=${rest%%:*}
        rest=${rest#*:}
        if [ -e "$prefix/share/ament_index/resource_index/packages/rcl" ]; then
            [ -e "$prefix/pyvenv.cfg" ] || printf '%s\n' "$prefix"
            return 0
        fi
    done
}
