//! The first look at a bag: what is in it, where its episodes are, and whether its clocks agree.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::options::Options;
use crate::bag::{Bag, Contents, Episodes, Layout, Reader, Step, same_topic};
use crate::config::{ModalityConfig, NodeConfig};
use crate::errors::ConfigErrors;
use crate::message::MessageType;
use crate::spec::PolicySpec;
use crate::time::{Clocks, Stamp};

/// What is known before anything is encoded.
pub struct BagIndex {
    /// Where the messages are.
    pub layout: Arc<Layout>,
    /// The type of each modality's messages as they were recorded, in the policy's order; none where it is not enabled,
    /// or not there and not required.
    pub message_types: Vec<Option<MessageType>>,
    /// The topics of the demonstrator's action where the bag has them, each with the number of its command.
    pub expert: Vec<(String, usize)>,
    /// The same of the commands, unless they are the demonstrator's.
    pub recorded: Vec<(String, usize)>,
    /// Where seconds are counted from.
    pub origin: Stamp,
    /// The first and the last time to explain.
    pub begin: Stamp,
    /// See [`BagIndex::begin`].
    pub end: Stamp,
    /// The part of the bag in words.
    pub part: String,
    /// Whether stamps have nothing to do with the times of recording.
    pub other_clock: bool,
    /// What one should know.
    pub notes: Vec<String>,
}

struct Episode {
    begin: Stamp,
    end: Option<Stamp>,
    outcome: &'static str,
}

#[derive(Default)]
struct Indexer {
    contents: Contents,
    first: Option<Stamp>,
    last: Stamp,
    episodes: Vec<Episode>,
    clocks: Clocks,
    /// Of the topics that clocks are compared by, where it can be read.
    types: BTreeMap<Arc<str>, Option<MessageType>>,
    markers: Episodes,
}

/// Looks through the bag.
///
/// # Errors
/// A bag that cannot be read; every required topic that it lacks or that has an unusable type, and an episode or a time
/// that it does not have.
pub fn index(
    bag: &Bag,
    options: &Options,
    config: &NodeConfig,
    modalities: &[ModalityConfig],
    spec: &PolicySpec,
) -> Result<BagIndex, ConfigErrors> {
    let path = bag.path();
    let mut reader = Reader::of(bag)?;
    let mut indexer = Indexer::default();
    let mut records = reader.records();
    while let Some(record) = records.next_view() {
        indexer.contents.note(&record);
        indexer.first.get_or_insert(record.log_time);
        indexer.last = indexer.last.max(record.log_time);
        if same_topic(record.topic, &config.record.episode_topic) {
            indexer.mark(record.log_time, record.bytes);
        }
        if modalities
            .iter()
            .any(|m| same_topic(record.topic, &m.topic))
        {
            let types = &mut indexer.types;
            let message = types.entry(record.topic.clone()).or_insert_with(|| {
                let known = MessageType::from_ros_name(record.message_type);
                known.or_else(|| MessageType::defined(record.message_type, record.definition).ok())
            });
            let stamp = message.and_then(|message| message.check(record.bytes).ok().flatten());
            indexer.clocks.compare(stamp, record.log_time);
        }
    }
    let truncated = reader.truncated();
    let Some(first) = indexer.first else {
        let why = truncated.map_or(String::new(), |why| format!(": {why}"));
        return Err(format!("bag {}: it holds no message{why}", path.display()).into());
    };
    let mut errors = ConfigErrors::new();
    let mut notes: Vec<String> = bag.notes().collect();
    notes.extend(truncated);
    let message_types = indexer.message_types(modalities, spec, &mut notes, &mut errors);
    let range = indexer.range(first, options, &mut errors);
    let other_clock = indexer.clocks.differ();
    if other_clock {
        notes.push(
            "message stamps and recording times come from different clocks; ages are counted from the \
             recording"
                .into(),
        );
    }
    let expert = indexer.actions(config.demonstrated(), config, &mut notes);
    let commands = config.action.commands.iter();
    let commands = commands.map(|command| (&command.topic, command.message));
    let recorded = indexer.actions(commands, config, &mut notes);
    let recorded = recorded
        .into_iter()
        .filter(|own| !expert.contains(own))
        .collect();
    match range {
        Some((origin, begin, end, part)) if errors.is_empty() => Ok(BagIndex {
            layout: reader.layout(),
            message_types,
            expert,
            recorded,
            origin,
            begin,
            end,
            part,
            other_clock,
            notes,
        }),
        _ => {
            let mut placed = ConfigErrors::new();
            placed.add_all(&format!("bag {}", path.display()), errors);
            Err(placed)
        }
    }
}

impl Indexer {
    fn mark(&mut self, at: Stamp, message: &[u8]) {
        let open = self.episodes.last_mut().filter(|e| e.end.is_none());
        match self.markers.mark_message(message).step {
            Some(Step::Begin) => {
                if let Some(open) = open {
                    open.end = Some(at);
                }
                self.episodes.push(Episode {
                    begin: at,
                    end: None,
                    outcome: "unfinished",
                });
            }
            Some(Step::End { success }) => {
                if let Some(open) = open {
                    open.end = Some(at);
                    open.outcome = if success { "success" } else { "failure" };
                }
            }
            Some(Step::Change) | None => {}
        }
    }

    fn message_types(
        &self,
        modalities: &[ModalityConfig],
        spec: &PolicySpec,
        notes: &mut Vec<String>,
        errors: &mut ConfigErrors,
    ) -> Vec<Option<MessageType>> {
        let pairs = modalities.iter().zip(&spec.modalities);
        pairs
            .map(|(wired, modality)| {
                let place = format!("modality {}", wired.name);
                if !wired.enabled {
                    notes.push(format!("{place}: it is not enabled"));
                    return None;
                }
                if !wired.required && self.contents.type_of(&wired.topic).is_none() {
                    let topic = &wired.topic;
                    notes.push(format!("{place}: there is no message on topic {topic}"));
                    return None;
                }
                (self.contents).readable(&place, &wired.topic, &modality.source, errors)
            })
            .collect()
    }

    /// The topics of recorded actions that are there and of the right type, each with the number of its command.
    fn actions<'a>(
        &self,
        wanted: impl Iterator<Item = (&'a String, MessageType)>,
        config: &NodeConfig,
        notes: &mut Vec<String>,
    ) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        let wanted = wanted.zip(&config.action.commands);
        for (number, ((topic, message), command)) in wanted.enumerate() {
            match self.contents.type_of(topic) {
                None => {}
                // Of a leader arm nothing says which joint is which action.
                Some(_) if message != command.message => {}
                Some(recorded) if recorded == command.message.ros_name() => {
                    found.push((topic.clone(), number));
                }
                Some(recorded) => notes.push(format!(
                    "topic {topic} is not shown: it has the type {recorded}, and {}.message is {}",
                    command.place,
                    command.message.ros_name()
                )),
            }
        }
        found
    }

    /// Where seconds are counted from, the first and the last time, and the part in words.
    fn range(
        &self,
        first: Stamp,
        options: &Options,
        errors: &mut ConfigErrors,
    ) -> Option<(Stamp, Stamp, Stamp, String)> {
        let count = self.episodes.len();
        let number = options.episode.unwrap_or(1);
        let episode = number.checked_sub(1).and_then(|i| self.episodes.get(i));
        let (origin, last, part) = match episode {
            Some(episode) => {
                let part = format!("episode {number} of {count} ({})", episode.outcome);
                (episode.begin, episode.end.unwrap_or(self.last), part)
            }
            None if options.episode.is_some() => {
                errors.add(match count {
                    0 => format!("--episode is {number}; there are no episodes, so leave it out"),
                    _ => format!("--episode is {number}; there are the episodes 1 to {count}"),
                });
                return None;
            }
            None => (first, self.last, "the whole recording".to_owned()),
        };
        let after = |seconds: f64| {
            let nanos = (seconds * 1e9).clamp(i64::MIN as f64, i64::MAX as f64) as i64;
            Stamp::from_nanos(origin.nanos().saturating_add(nanos))
        };
        let begin = options.from_s.map_or(origin, after).max(first);
        let end = options.to_s.map_or(last, after).min(self.last);
        if begin > end {
            errors.add(format!(
                "there is nothing from {} to {} s: {part} lasts {:.1} s",
                options.from_s.unwrap_or(0.0),
                options.to_s.map_or("its end".into(), |s| s.to_string()),
                last.seconds_since(origin)
            ));
            return None;
        }
        Some((origin, begin, end, part))
    }
}
