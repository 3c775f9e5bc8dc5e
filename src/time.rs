//! Points in ROS time. No stage but the outermost reads a clock: time is always an argument.

/// Nanoseconds since the epoch of the clock in use (the system's, or the simulator's `/clock`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(i64);

impl Stamp {
    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From the two fields of `builtin_interfaces/msg/Time`.
    pub const fn from_ros(sec: i32, nanosec: u32) -> Self {
        Self(sec as i64 * 1_000_000_000 + nanosec as i64)
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The two fields of `builtin_interfaces/msg/Time`: seconds and nanoseconds.
    pub const fn to_ros(self) -> (i32, u32) {
        (
            self.0.div_euclid(1_000_000_000) as i32,
            self.0.rem_euclid(1_000_000_000) as u32,
        )
    }

    /// A message whose header was never stamped carries zero.
    pub const fn is_unset(self) -> bool {
        self.0 == 0
    }

    /// Seconds from `earlier` to `self`; negative when `earlier` is later.
    pub fn seconds_since(self, earlier: Stamp) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 * 1e-9
    }
}

/// Whether the stamps of messages and the times at which they were recorded are of one clock. In a recording of a
/// simulation they may be of two that have nothing to do with each other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clocks {
    stamped: bool,
    alike: bool,
}

impl Clocks {
    /// Stamps that are all further than this from the times of recording are another clock's.
    const ONE_CLOCK_S: f64 = 10.0;

    /// Looks at a message with this stamp, if it has one.
    pub fn compare(&mut self, stamp: Option<Stamp>, logged: Stamp) {
        if let Some(stamp) = stamp.filter(|stamp| !stamp.is_unset()) {
            self.stamped = true;
            self.alike |= logged.seconds_since(stamp).abs() <= Self::ONE_CLOCK_S;
        }
    }

    /// Whether they are of two clocks.
    pub fn differ(self) -> bool {
        self.stamped && !self.alike
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ros_fields_survive_the_round_trip_also_before_the_epoch() {
        for nanos in [0, 1, -1, 1_500_000_000, -1_500_000_000] {
            let (sec, nanosec) = Stamp::from_nanos(nanos).to_ros();
            assert_eq!(Stamp::from_ros(sec, nanosec).nanos(), nanos);
        }
    }

    #[test]
    fn an_age_is_signed() {
        let (earlier, later) = (Stamp::from_ros(1, 0), Stamp::from_ros(1, 250_000_000));
        assert_eq!(later.seconds_since(earlier), 0.25);
        assert_eq!(earlier.seconds_since(later), -0.25);
    }
}
