//! `late_fusion init`: from recordings to a training file and a parameter file.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use late_fusion::errors::ConfigErrors;
use late_fusion::message::MessageType;
use late_fusion::proposal::{Options, Proposal, Recordings, Undecided, shipped_encoders};

/// Write a training file and a parameter file for your robot.
///
/// Searches bags, or the topics of the running robot, for cameras, sentences, joint states and commands, and writes
/// FOLDER/training.yaml for `late_fusion train` and FOLDER/node.param.yaml for the node and `late_fusion record`, with comments.
/// If something is ambiguous, it asks on a terminal; otherwise the error says which option to add.
#[derive(clap::Args)]
#[command(
    after_help = "With bags:\n  late_fusion init last_week/ --out my_robot\n  \
                        late_fusion train my_robot/training.yaml last_week/ --out my_robot/policy\n\n\
                        With the running robot, while you move it as you will in demonstrations:\n  \
                        late_fusion init --live 20 --out my_robot\n  \
                        late_fusion record --params-file my_robot/node.param.yaml --out demonstrations"
)]
pub struct Arguments {
    /// Recordings: MCAP files, rosbag2 folders, LeRobot datasets, or folders to search for them.
    #[arg(value_name = "BAG", required_unless_present = "live")]
    bags: Vec<PathBuf>,

    /// Listen to the running robot instead, for this many seconds.
    #[cfg(feature = "ros")]
    #[arg(long, value_name = "SECONDS", conflicts_with = "bags", value_parser = clap::value_parser!(u64).range(1..=3600))]
    live: Option<u64>,

    /// Folder for the two files.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    /// Topic of the expert's commands, the labels [default: the only command topic; if there is none, the joint positions
    /// measured a little later]. Repeat it for a robot with several controllers; every message of the first topic is a
    /// label.
    #[arg(long = "action", value_name = "TOPIC")]
    actions: Vec<String>,

    /// Message type that commands joint positions, if the labels come from joint states alone
    /// [default: with --live, the type that the robot subscribes to; otherwise trajectory_msgs/msg/JointTrajectory].
    #[arg(long, value_name = "TYPE", value_parser = message_of_positions)]
    positions_by: Option<MessageType>,

    /// Folder with the encoders efficientnet_lite0 and minilm_l6 [default: the shipped ones].
    #[arg(long, value_name = "FOLDER")]
    encoders: Option<PathBuf>,

    /// Overwrite existing files.
    #[arg(long)]
    force: bool,
}

const FILES: [&str; 2] = ["training.yaml", "node.param.yaml"];

/// Looks, asks where it must, and writes both files.
///
/// # Errors
/// Recordings that cannot be read or have nothing to learn from, and files that are there already.
pub fn run(arguments: Arguments) -> Result<(), ConfigErrors> {
    let files = FILES.map(|file| arguments.out.join(file));
    if let Some(there) = files.iter().find(|file| file.exists() && !arguments.force) {
        return Err(format!("{} already exists; --force overwrites it", there.display()).into());
    }
    let encoders = arguments
        .encoders
        .clone()
        .or_else(|| shipped_encoders(&std::env::current_exe().ok()?));
    let encoders = encoders.ok_or_else(|| {
        ConfigErrors::from(
            "the shipped encoders were not found next to this program; name their folder with --encoders"
                .to_owned(),
        )
    })?;
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let Looked {
        recordings,
        positions_by,
        notes: mut told,
    } = Looked::at(&arguments)?;
    let positions_by = arguments.positions_by.or(positions_by);
    let mut options = Options {
        actions: arguments.actions.clone(),
        encoders: absolute(&encoders),
        policy: absolute(&arguments.out.join("policy")),
        positions_by: positions_by.unwrap_or(MessageType::JointTrajectory),
    };
    let proposal = match recordings.propose(&options) {
        Err(Undecided::Actions(topics)) => {
            options.actions = ask(&topics)?;
            recordings.propose(&options)
        }
        other => other,
    };
    let Proposal {
        training,
        parameters,
        notes,
    } = proposal.map_err(|why| match why {
        Undecided::Wrong(errors) => errors,
        Undecided::Actions(topics) => several(&topics),
    })?;
    let of_folder = |e: io::Error| ConfigErrors::from(format!("{}: {e}", arguments.out.display()));
    std::fs::create_dir_all(&arguments.out).map_err(of_folder)?;
    for (file, text) in files.iter().zip([training, parameters]) {
        std::fs::write(file, text).map_err(of_folder)?;
    }
    told.extend(notes);
    for note in told {
        println!("{note}");
    }
    let [training, parameters] = files.map(|file| file.display().to_string());
    let (record, bags) = match arguments.bags.as_slice() {
        [] => (
            format!("\n  late_fusion record --params-file {parameters} --out demonstrations"),
            vec!["demonstrations".to_owned()],
        ),
        bags => {
            let bags = bags.iter().map(|bag| bag.display().to_string());
            (String::new(), bags.collect())
        }
    };
    println!(
        "\nwrote {training} and {parameters}. Look them through, then:{record}\n  late_fusion train {training} {} --out {}\n  \
         late_fusion check --params-file {parameters}",
        bags.join(" "),
        options.policy.display(),
    );
    Ok(())
}

/// What there is to make a proposal of.
struct Looked {
    recordings: Recordings,
    /// What joint positions are commanded by, where that is known.
    positions_by: Option<MessageType>,
    notes: Vec<String>,
}

impl Looked {
    /// Looks where the command line says.
    fn at(arguments: &Arguments) -> Result<Self, ConfigErrors> {
        #[cfg(feature = "ros")]
        if let Some(seconds) = arguments.live {
            let heard = super::init_live::listen(seconds)?;
            return Ok(Self {
                recordings: heard.recordings,
                positions_by: heard.positions_by,
                notes: heard.notes,
            });
        }
        Ok(Self {
            recordings: Recordings::look(&arguments.bags)?,
            positions_by: None,
            notes: Vec::new(),
        })
    }
}

/// A type that commands positions.
fn message_of_positions(name: &str) -> Result<MessageType, String> {
    let allowed = [MessageType::JointTrajectory, MessageType::Float64MultiArray];
    let found = allowed
        .into_iter()
        .find(|allowed| allowed.ros_name() == name);
    found.ok_or_else(|| {
        let names = allowed.map(MessageType::ros_name);
        format!(
            "{name:?} is not a known type; allowed: {}",
            names.join(", ")
        )
    })
}

fn several(topics: &[String]) -> ConfigErrors {
    format!(
        "several topics could hold the expert's commands: {}; name one with --action, or several if the policy is to command \
         them all",
        topics.join(", ")
    )
    .into()
}

/// Asks which topics say what should have been done.
fn ask(topics: &[String]) -> Result<Vec<String>, ConfigErrors> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(several(topics));
    }
    println!(
        "Which topic holds the expert's commands? (Several, separated by commas, if the policy is to command them all.)"
    );
    for (i, topic) in topics.iter().enumerate() {
        println!("  {}  {topic}", i + 1);
    }
    loop {
        print!("1 to {}: ", topics.len());
        let _ = io::stdout().flush();
        let mut line = String::new();
        if stdin
            .lock()
            .read_line(&mut line)
            .map_or(true, |read| read == 0)
        {
            return Err(several(topics));
        }
        let number = |word: &str| {
            let number: usize = word.trim().parse().ok()?;
            topics.get(number.checked_sub(1)?).cloned()
        };
        if let Some(chosen) = line.split(',').map(number).collect() {
            return Ok(chosen);
        }
    }
}
