//! The encoder node. Started with `ros2 launch late_fusion late_fusion_encoder.launch.xml`, or by hand with
//! `late_fusion_encoder --ros-args --params-file FILE`.

use std::process::ExitCode;

use late_fusion::executable::{run_encoder, run_node};

const HELP: &str = "\
Encodes one modality of a policy, a camera or an instruction, for a late_fusion node on another machine.

Usage: late_fusion_encoder --ros-args --params-file FILE [-p NAME:=VALUE] [-r FROM:=TO] [--log-level LEVEL]

  --params-file FILE    the parameters; config/late_fusion_encoder.param.yaml documents every one of them
  -p NAME:=VALUE        one parameter, for example -p modality:=scene
  -r FROM:=TO           another name, for example -r __node:=scene_encoder, whose features are on scene_encoder/feature
  --log-level LEVEL     debug, info, warn, error or fatal

The features are on the topic ~/feature (sensor_msgs/msg/PointCloud2), what it does on ~/status.
`late_fusion check --encoder --params-file FILE` says without ROS what would run.";

fn main() -> ExitCode {
    run_node("late_fusion_encoder", HELP, run_encoder)
}
