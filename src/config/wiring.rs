//! Parameters and policy joined: every modality has its topic, every action its field and its limits.

use super::guarding::Guarding;
use super::node::{ModalityConfig, NodeConfig};
use crate::control::{Freshness, MeasuredAt};
use crate::encoder;
use crate::errors::ConfigErrors;
use crate::message::CommandSet;
use crate::policy::Policy;
use crate::safety::Limit;
use crate::spec::{PolicySpec, SourceSpec};

/// What the node runs, in the policy's order of modalities and actions.
#[derive(Clone, Debug)]
pub struct Wiring {
    /// The topic of each modality.
    pub modalities: Vec<ModalityConfig>,
    /// What the control loop asks of each modality.
    pub freshness: Vec<Freshness>,
    /// The limits of each action.
    pub limits: Vec<Limit>,
    /// Where the position that an action commands is measured, for each action.
    pub measured: Vec<Option<MeasuredAt>>,
    /// Which modalities a lockstep tick waits for, required ones that come with every observation: by how many nanoseconds
    /// the stamps of their features are before those of their messages.
    pub awaited: Vec<Option<i64>>,
    /// The command messages, and the field of each action in them.
    pub commands: CommandSet,
}

impl Wiring {
    /// Joins the parameters with what `policy.yaml` says.
    ///
    /// # Errors
    /// Every modality, action or limit that one of the two has and the other does not allow.
    pub fn new(config: &NodeConfig, spec: &PolicySpec) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let modalities = join_modalities(config, spec, &mut errors);
        let actions: Vec<&str> = spec.actions.iter().map(|a| a.name.as_str()).collect();
        for command in &config.action.commands {
            command.check_rate(config.control_rate_hz, &mut errors);
        }
        let commands = CommandSet::new(&actions, &config.action.carried())
            .and_then(|commands| commands.check_command().map(|()| commands))
            .map_err(|found| errors.add_all("parameters", found));
        let guarding = Guarding::new(config, spec, commands.as_ref().ok())
            .map_err(|found| errors.extend(found));
        let awaited = modalities.iter().map(|m| {
            let stamp_delay_ns = (m.stamp_delay_s * 1e9).round() as i64;
            is_awaited(m, spec).then_some(stamp_delay_ns)
        });
        let awaited: Vec<Option<i64>> = awaited.collect();
        if !modalities.is_empty() && modalities.iter().all(|m| !m.enabled) {
            errors.add("no modality is enabled; a policy needs at least one to act on");
        }
        if config.lockstep {
            check_lockstep(&modalities, &awaited, &mut errors);
        }
        let freshness = modalities.iter().map(ModalityConfig::freshness).collect();
        match (commands, guarding, errors.is_empty()) {
            (Ok(commands), Ok(Guarding { limits, measured }), true) => Ok(Self {
                modalities,
                freshness,
                limits,
                measured,
                awaited,
                commands,
            }),
            _ => Err(errors),
        }
    }
}

/// Whether a modality comes with every observation, and is needed. A sentence holds until the next one, and so does a
/// feature of any age.
fn is_awaited(wired: &ModalityConfig, spec: &PolicySpec) -> bool {
    let modality = spec.modalities.iter().find(|m| m.name == wired.name);
    let comes = modality.is_some_and(|modality| match modality.source {
        SourceSpec::Text { .. } => false,
        SourceSpec::Feature { .. } => wired.max_age_s.is_some(),
        SourceSpec::Image { .. } | SourceSpec::Vector { .. } => true,
    });
    comes && wired.required
}

fn join_modalities(
    config: &NodeConfig,
    spec: &PolicySpec,
    errors: &mut ConfigErrors,
) -> Vec<ModalityConfig> {
    let names: Vec<&str> = spec.modalities.iter().map(|m| m.name.as_str()).collect();
    // What is not required may be meant for another policy.
    for wired in config.modalities.iter().filter(|m| m.required) {
        if !names.contains(&wired.name.as_str()) {
            errors.add(format!(
                "parameter modalities.{0}: the policy {1:?} has no such modality; it has {2}. Where policies with it \
                 and without it are to be loaded, modalities.{0}.required must be false",
                wired.name,
                spec.name,
                names.join(", ")
            ));
        }
    }
    let mut joined = Vec::with_capacity(names.len());
    for modality in &spec.modalities {
        let Some(wired) = config.modalities.iter().find(|w| w.name == modality.name) else {
            errors.add(format!(
                "parameter modalities.{0}.topic is missing: the policy {1:?} has a modality {0} of the kind {2}",
                modality.name,
                spec.name,
                modality.source.kind()
            ));
            continue;
        };
        let mut joining = wired.clone();
        match encoder::message_for(
            &modality.source,
            wired.message.ros_name(),
            wired.message.definition(),
        ) {
            Ok(message) => joining.message = message,
            Err(found) => {
                errors.add_all(
                    &format!("parameter modalities.{}.message", wired.name),
                    found,
                );
            }
        }
        joined.push(joining);
    }
    joined
}

/// A lockstep tick answers one observation, known by the stamp that its messages share.
fn check_lockstep(
    modalities: &[ModalityConfig],
    awaited: &[Option<i64>],
    errors: &mut ConfigErrors,
) {
    let mut observed = false;
    let each = modalities.iter().zip(awaited);
    for (modality, _) in each.filter(|(_, awaited)| awaited.is_some()) {
        match modality.message.has_header() {
            false => errors.add(format!(
                "parameter modalities.{}.message is {}, which has no stamp; with lockstep a required modality \
                 needs one, such as a JointState",
                modality.name,
                modality.message.ros_name()
            )),
            true => observed = true,
        }
    }
    if !observed {
        errors.add("parameter lockstep is true, but no stamped modality is required that a tick could answer");
    }
}

/// A limit that nothing can be measured against protects nobody.
pub(super) fn check_distances(policy: &Policy, wiring: &Wiring, errors: &mut ConfigErrors) {
    for (wired, projection) in wiring.modalities.iter().zip(policy.projections()) {
        if wired.enabled && wired.max_distance.is_finite() && !projection.measures_distance() {
            errors.add(format!(
                "parameter modalities.{0}.max_distance is {1}, but the policy {2:?} does not say how far from its training \
                 data is usual for {0} (no tensor standardize.{0}.usual_distance); train it again, or leave the parameter \
                 out",
                wired.name,
                wired.max_distance,
                policy.spec().name,
            ));
        }
    }
}
