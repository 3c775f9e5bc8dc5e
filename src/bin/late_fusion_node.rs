//! The node. Started with `ros2 launch late_fusion late_fusion.launch.xml`, or by hand with
//! `late_fusion_node --ros-args --params-file FILE`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match late_fusion::ros::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            eprintln!("late_fusion_node: the node cannot run:\n{problems}");
            ExitCode::FAILURE
        }
    }
}
