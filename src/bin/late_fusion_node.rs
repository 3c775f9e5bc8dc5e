//! The node. Started with `ros2 launch late_fusion late_fusion.launch.xml`, or by hand with
//! `late_fusion_node --ros-args --params-file FILE`.

use std::process::ExitCode;

use late_fusion::executable::{run, run_node};

const HELP: &str = "\
Real-time late fusion: cameras, instructions and joint states in, action commands out, at a fixed control rate.

Usage: late_fusion_node --ros-args --params-file FILE [-p NAME:=VALUE] [-r FROM:=TO] [--log-level LEVEL]

  --params-file FILE    the parameters; config/late_fusion.param.yaml documents every one of them
  -p NAME:=VALUE        one parameter, for example -p policy:=my_policy
  -r FROM:=TO           another name for a topic, for example -r action:=/arm/action; __ns:=/arm for a namespace
  --log-level LEVEL     debug, info, warn, error or fatal

What it does and why is on the topic ~/status. `late_fusion check --params-file FILE` says without ROS what would run.";

fn main() -> ExitCode {
    run_node("late_fusion_node", HELP, run)
}
