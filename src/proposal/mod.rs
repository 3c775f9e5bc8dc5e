//! From recordings that somebody has to a training file and a parameter file: what could be sensed and what was commanded is
//! found in the recordings, and written down with comments, to be changed by whoever knows the robot.

mod command;
mod names;
mod options;
mod parameter_file;
mod seen;
mod training_file;
mod undecided;

pub use options::Options;
pub use undecided::Undecided;

use std::path::{Path, PathBuf};

use crate::bag::{RecordView, find};
use crate::errors::ConfigErrors;
use crate::inspection::Inspection;
use command::Command;
use seen::Seen;

/// Two files, and what one should know about them.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// For `late_fusion train`.
    pub training: String,
    /// For the node.
    pub parameters: String,
    /// What was found, and what was decided.
    pub notes: Vec<String>,
}

/// Recordings that were looked through.
#[derive(Debug)]
pub struct Recordings {
    inspection: Inspection,
    seen: Seen,
}

impl Recordings {
    /// Looks through recordings, or folders of them.
    ///
    /// # Errors
    /// Recordings that cannot be read.
    pub fn look(bags: &[PathBuf]) -> Result<Self, ConfigErrors> {
        let mut inspection = Inspection::default();
        let mut seen = Seen::default();
        for bag in find(bags)? {
            seen.begin_recording();
            inspection.look(&bag, |record| seen.take(record))?;
        }
        seen.sort_texts();
        Ok(Self { inspection, seen })
    }

    /// Looks at what a running robot publishes: at every message that `listen` shows.
    ///
    /// # Errors
    /// What `listen` says.
    pub fn hear(
        listen: impl FnOnce(&mut dyn FnMut(&RecordView)) -> Result<(), ConfigErrors>,
    ) -> Result<Self, ConfigErrors> {
        let mut inspection = Inspection::default();
        let mut seen = Seen::default();
        listen(&mut |record| {
            inspection.take(record);
            seen.take(record);
        })?;
        inspection.end_recording();
        seen.sort_texts();
        Ok(Self { inspection, seen })
    }

    /// What they hold, topic by topic.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// What could be learned from them: cameras, sentences, joints, topics that command and topics of markers.
    pub fn candidates(&self) -> [(&'static str, Vec<&str>); 5] {
        self.seen.candidates()
    }

    /// Proposes what to learn from them.
    ///
    /// # Errors
    /// That nothing is sensed or nothing is commanded, or that several topics could hold the labels.
    pub fn propose(&self, options: &Options) -> Result<Proposal, Undecided> {
        let seen = &self.seen;
        let commands = seen.commands(&options.actions, &self.inspection)?;
        if seen.sources(&commands).is_empty() {
            return Err(ConfigErrors::from(format!(
                "there is nothing that a robot could act on: no picture, no std_msgs/msg/String, no \
                 sensor_msgs/msg/JointState. There are {}",
                self.inspection.in_words()
            ))
            .into());
        }
        let mut notes = seen.notes(&commands, &self.inspection);
        notes.extend(commands.iter().flat_map(Command::notes));
        Ok(Proposal {
            training: training_file::write(
                seen,
                &commands,
                &options.encoders,
                self.inspection.recordings(),
            ),
            parameters: parameter_file::write(seen, &commands, options),
            notes,
        })
    }
}

/// The encoders that ship, beside the program or in the repository that it was built in.
pub fn shipped_encoders(program: &Path) -> Option<PathBuf> {
    let has_both = |folder: &PathBuf| {
        let models = ["efficientnet_lite0/model.onnx", "minilm_l6/model.onnx"];
        models.iter().all(|model| folder.join(model).is_file())
    };
    let places = program.ancestors().skip(1).flat_map(|folder| {
        ["share/late_fusion/models/encoders", "models/encoders"].map(|place| folder.join(place))
    });
    places.into_iter().find(has_both)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoders_are_found_from_where_the_program_is_built() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = shipped_encoders(&root.join("target/release/late_fusion"));
        assert_eq!(found, Some(root.join("models/encoders")));
        assert_eq!(shipped_encoders(Path::new("/bin/late_fusion")), None);
    }
}
