//! What is wrong with a modality although its messages arrive.

use std::fmt;

/// Seconds after which a stamp is no time of day but counts from when a device or a simulation was started.
const YEARS_S: f64 = 5.0 * 365.0 * 86_400.0;

/// Something that someone should look at; the modality goes on counting. In words without its name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Finding {
    /// The same bytes come again and again.
    Unchanged {
        /// What they are: the picture, or the feature.
        what: &'static str,
        /// For how long, in seconds.
        for_s: f64,
    },
    /// Messages arrive and their stamps do not advance.
    StampsStuck {
        /// For how long, in seconds.
        for_s: f64,
        /// The newest stamp, in seconds.
        stamp_s: f64,
        /// Whether each is earlier than the one before it, instead of the same.
        backwards: bool,
    },
    /// Stamps and the node's clock disagree.
    ClocksDisagree {
        /// The median of arrival − stamp in seconds; negative where stamps are ahead of their arrival.
        behind_s: f64,
        /// The newest stamp, in seconds.
        stamp_s: f64,
        /// Whether the node follows `/clock`.
        simulated: bool,
    },
    /// The feature is unlike those that the policy was trained on.
    Distant {
        /// How many times as far from their mean it is as nearly all of them.
        times: f64,
    },
    /// Messages arrive far more seldom than they used to.
    Slow {
        /// Messages per second now.
        rate_hz: f64,
        /// Messages per second at the beginning.
        usual_hz: f64,
    },
}

impl Finding {
    /// From so many times the usual distance on, a feature is unlike those of training.
    const DISTANT: f64 = 1.5;

    /// Of a feature so many times as far from the training data as nearly all of it.
    pub fn of_distance(times: f64) -> Option<Self> {
        (times > Self::DISTANT).then_some(Self::Distant { times })
    }

    /// Whether it is about the times that messages carry, and so may be why a feature is too old.
    pub fn is_about_stamps(&self) -> bool {
        matches!(self, Self::StampsStuck { .. } | Self::ClocksDisagree { .. })
    }

    /// Whether `other` is the same apart from its numbers.
    pub fn is_same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unchanged { what, for_s } => {
                write!(
                    f,
                    "the {what} has not changed for {for_s:.1} s (identical bytes)"
                )
            }
            Self::StampsStuck {
                for_s,
                stamp_s,
                backwards: false,
            } => write!(
                f,
                "messages arrive, but their stamp has stood still at {stamp_s:.3} s for {for_s:.1} s"
            ),
            Self::StampsStuck {
                for_s,
                stamp_s,
                backwards: true,
            } => write!(
                f,
                "messages arrive, but their stamps have run backwards for {for_s:.1} s, down to {stamp_s:.3} s"
            ),
            Self::ClocksDisagree {
                behind_s,
                stamp_s,
                simulated,
            } => {
                let side = if behind_s < 0.0 { "ahead of" } else { "behind" };
                let by_s = behind_s.abs();
                write!(f, "stamps are {by_s:.3} s {side} the time of arrival; ")?;
                match (stamp_s < YEARS_S, simulated) {
                    (true, false) if by_s > YEARS_S => f.write_str(
                        "they count from when a device or a simulation was started; have its driver stamp in the time of \
                         day, or set use_sim_time if they are the simulator's",
                    ),
                    (false, true) if by_s > YEARS_S => f.write_str(
                        "the node follows /clock (use_sim_time), and its publisher does not; set use_sim_time there too",
                    ),
                    _ => f.write_str(
                        "do the clocks of the two machines agree (chrony, ntp)? or is it stamped in device uptime?",
                    ),
                }
            }
            Self::Distant { times } => write!(
                f,
                "{times:.1} times as far from the training data as 99.9 % of it"
            ),
            Self::Slow { rate_hz, usual_hz } => write!(
                f,
                "messages arrive at {rate_hz:.1} Hz, less than a third of the {usual_hz:.1} Hz at the beginning"
            ),
        }
    }
}
