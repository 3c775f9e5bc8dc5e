//! What the executables of both nodes share: help, the exit status, and words for a build without ROS.

use std::process::ExitCode;

use crate::errors::ConfigErrors;

/// Runs a node of that name, or prints its help where the command line asks for it.
pub fn run_node(name: &str, help: &str, run: fn() -> Result<(), ConfigErrors>) -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    if words.any(|word| word == "-h" || word == "--help") {
        println!("{help}");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(errors) => {
            eprintln!("{name}: the node cannot run:\n{errors}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the node `late_fusion`.
///
/// # Errors
/// What it ends with.
pub fn run() -> Result<(), ConfigErrors> {
    #[cfg(feature = "ros")]
    return crate::ros::run();
    #[cfg(not(feature = "ros"))]
    return Err(without_ros());
}

/// Runs the node `late_fusion_encoder`.
///
/// # Errors
/// What it ends with.
pub fn run_encoder() -> Result<(), ConfigErrors> {
    #[cfg(feature = "ros")]
    return crate::ros::run_encoder();
    #[cfg(not(feature = "ros"))]
    return Err(without_ros());
}

#[cfg(not(feature = "ros"))]
fn without_ros() -> ConfigErrors {
    "this executable was built without the feature `ros`; source your ROS 2 and build it with the default features"
        .to_owned()
        .into()
}
