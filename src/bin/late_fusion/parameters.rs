//! The parameters of tools that read the node's parameter file.

use std::path::PathBuf;

use late_fusion::config::RosArguments;
use late_fusion::errors::ConfigErrors;

/// Parameter files, and after them what follows --ros-args.
///
/// # Errors
/// Words that are left over without --ros-args in front, and everything after it that ROS does not know.
pub fn parameters(
    files: &[PathBuf],
    ros_arguments: &[String],
) -> Result<RosArguments, ConfigErrors> {
    if let Some(first) = ros_arguments.first().filter(|first| *first != "--ros-args") {
        return Err(ConfigErrors::from(format!(
            "argument {first:?} is not understood; only --ros-args may follow the options (see --help)"
        )));
    }
    let arguments = RosArguments::parse(ros_arguments.iter().cloned())?;
    Ok(arguments.after_files(files.iter().cloned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ros_arguments_may_follow() {
        let said = |text: &str| {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            parameters(&[], &words).map_err(|e| e.to_string())
        };
        assert!(said("").is_ok());
        assert!(said("--ros-args -r a:=b").is_ok());
        let text = said("more").unwrap_err();
        assert!(text.contains("\"more\""), "{text}");
    }
}
