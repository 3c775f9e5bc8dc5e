//! `late_fusion convert`: a policy of the format before this one.

use std::path::PathBuf;

use late_fusion::errors::ConfigErrors;
use late_fusion::spec::{FORMAT, convert};

/// Convert a policy of format 2 to format 3, in place.
///
/// Only keys of policy.yaml and tensor names change, no values, so the policy acts as before.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  late_fusion convert my_policy")]
pub struct Arguments {
    /// The policy's folder.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub fn run(arguments: Arguments) -> Result<(), ConfigErrors> {
    let spec = convert(&arguments.folder)?;
    println!(
        "the policy {:?} in {} now has format {FORMAT}",
        spec.name,
        arguments.folder.display()
    );
    Ok(())
}
