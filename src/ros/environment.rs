//! What ROS takes from the environment, looked at before it does: of most of this rcl says no more than a number.

use std::env;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use crate::errors::ConfigErrors;

/// The largest domain that has ports of its own.
const LARGEST_DOMAIN: u32 = 232;

/// Looks at the variables that ROS reads when it starts; at the folder of the log file only where one is written.
///
/// # Errors
/// Every variable that ROS cannot use, and a log folder that cannot be written to.
pub fn check(is_logged: bool) -> Result<(), ConfigErrors> {
    let read = |name: &str| env::var(name).unwrap_or_default();
    let mut errors = ConfigErrors::new();
    let found = [
        domain(&read("ROS_DOMAIN_ID")),
        middleware(&read("RMW_IMPLEMENTATION"), &known_middleware()),
    ];
    for problem in found.into_iter().flatten() {
        errors.add(problem);
    }
    if is_logged {
        let (folder, because_of) = log_folder(&read);
        if let Err(e) = try_to_write(&folder) {
            errors.add(format!(
                "log folder {}: {e}; {because_of}. Set ROS_LOG_DIR to a folder that can be written to, or add \
                 --ros-args --disable-external-lib-logs",
                folder.display()
            ));
        }
    }
    errors.or(())
}

fn domain(text: &str) -> Option<String> {
    let number = text.parse::<u32>().ok();
    let is_usable = text.is_empty() || number.is_some_and(|number| number <= LARGEST_DOMAIN);
    (!is_usable).then(|| {
        format!("environment variable ROS_DOMAIN_ID is {text:?}; allowed: 0 to {LARGEST_DOMAIN}")
    })
}

/// Where no middleware is known, it is left to ROS to look for it.
fn middleware(name: &str, known: &[String]) -> Option<String> {
    let is_usable = name.is_empty() || known.is_empty() || known.iter().any(|known| known == name);
    (!is_usable).then(|| {
        format!(
            "environment variable RMW_IMPLEMENTATION is {name:?}; installed: {}",
            known.join(", ")
        )
    })
}

/// The middleware that the sourced ROS 2 has, from the ament index.
fn known_middleware() -> Vec<String> {
    let prefixes = env::var_os("AMENT_PREFIX_PATH").unwrap_or_default();
    let mut known: Vec<String> = env::split_paths(&prefixes)
        .filter_map(|prefix| {
            fs::read_dir(prefix.join("share/ament_index/resource_index/rmw_typesupport")).ok()
        })
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        // It stands for whichever is chosen.
        .filter(|name| name != "rmw_implementation")
        .collect();
    known.sort();
    known.dedup();
    known
}

/// Where rcl_logging writes, and what says so.
fn log_folder(read: &impl Fn(&str) -> String) -> (PathBuf, String) {
    let home = read("HOME");
    let expanded = |folder: &str| match folder.strip_prefix('~') {
        Some(rest) => PathBuf::from(format!("{home}{rest}")),
        None => PathBuf::from(folder),
    };
    let (log, ros) = (read("ROS_LOG_DIR"), read("ROS_HOME"));
    match (log.is_empty(), ros.is_empty()) {
        (false, _) => (expanded(&log), format!("ROS_LOG_DIR is {log:?}")),
        (true, false) => (
            expanded(&ros).join("log"),
            format!("ROS_HOME is {ros:?}, and ROS_LOG_DIR is not set"),
        ),
        (true, true) => (
            expanded("~/.ros/log"),
            format!("HOME is {home:?}, and neither ROS_LOG_DIR nor ROS_HOME is set"),
        ),
    }
}

/// Makes the folder, and a file in it that goes again.
fn try_to_write(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!(".late_fusion_{}", std::process::id()));
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)?;
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_number_that_has_ports() {
        for good in ["", "0", "7", "232"] {
            assert_eq!(domain(good), None);
        }
        for bad in ["233", "-1", "seven", "1.5", " 1"] {
            let told = domain(bad).unwrap();
            assert!(told.contains(bad) && told.contains("0 to 232"), "{told}");
        }
    }

    #[test]
    fn only_an_installed_middleware_is_usable() {
        let known = ["rmw_cyclonedds_cpp", "rmw_fastrtps_cpp"].map(str::to_owned);
        assert_eq!(middleware("", &known), None);
        assert_eq!(middleware("rmw_fastrtps_cpp", &known), None);
        assert_eq!(middleware("rmw_other", &[]), None);
        let told = middleware("rmw_other", &known).unwrap();
        assert!(told.contains("rmw_other") && told.contains("rmw_cyclonedds_cpp"));
    }

    #[test]
    fn the_log_folder_is_that_of_rcl_logging() {
        for (log, ros, folder) in [
            ("/l", "/r", "/l"),
            ("~/l", "", "/home/x/l"),
            ("", "/r", "/r/log"),
            ("", "", "/home/x/.ros/log"),
        ] {
            let read = |name: &str| {
                let value = match name {
                    "ROS_LOG_DIR" => log,
                    "ROS_HOME" => ros,
                    _ => "/home/x",
                };
                value.to_owned()
            };
            assert_eq!(log_folder(&read).0, Path::new(folder));
        }
    }

    #[test]
    fn a_folder_below_a_file_cannot_be_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(try_to_write(&file.join("log")).is_err());
        let new = folder.path().join("a/b");
        assert!(try_to_write(&new).is_ok());
        assert_eq!(fs::read_dir(new).unwrap().count(), 0);
    }
}
