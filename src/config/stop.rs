//! The parameters of stops.

use super::declaration::Declarations;

/// What stops the robot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopConfig {
    /// What a stop is.
    pub behaviour: StopBehaviour,
    /// Whether a stop is approached within the limits of rate and acceleration.
    pub ramp: bool,
}

/// What a stop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopBehaviour {
    /// By quantity: positions hold, everything else goes to the policy's stop value.
    Auto,
    /// Everything goes to zero.
    Zero,
    /// Positions hold, whatever the policy says of them; everything else goes to the policy's stop value.
    Hold,
    /// Everything goes to the policy's stop value.
    Named,
}

impl StopConfig {
    pub(super) fn declare(d: &mut Declarations) -> Option<Self> {
        let behaviour = d.choice(
            "stop.behaviour",
            "auto",
            &["auto", "zero", "hold", "named"],
            "What a stop does. auto: positions are held, everything else goes to the policy's stop value; zero: \
             everything goes to 0; hold: positions are held even if the policy has a stop value for them; named: \
             everything goes to the policy's stop value.",
            |word| match word {
                "auto" => Some(StopBehaviour::Auto),
                "zero" => Some(StopBehaviour::Zero),
                "hold" => Some(StopBehaviour::Hold),
                "named" => Some(StopBehaviour::Named),
                _ => None,
            },
        );
        let ramp = d.bool(
            "stop.ramp",
            false,
            "Approach a stop within the limits of rate and acceleration instead of at once. Positions that are held are \
             held at once.",
        );
        Some(Self {
            behaviour: behaviour?,
            ramp,
        })
    }
}
