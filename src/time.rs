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

/// How old a value is at one moment, in seconds, by each of the two times that are known of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Age {
    /// By its stamp; negative when it is stamped ahead of the clock.
    pub by_stamp_s: f64,
    /// By when it was received; −∞ where that says nothing, negative when the clock was turned back since.
    pub by_arrival_s: f64,
}

impl Age {
    /// At `now`, of what is stamped `stamp` and was received at `received`, both by the clock that gives `now`. Where
    /// `received` is unset, the stamp alone counts.
    pub fn at(now: Stamp, stamp: Stamp, received: Stamp) -> Self {
        Self {
            by_stamp_s: now.seconds_since(stamp),
            by_arrival_s: match received.is_unset() {
                true => f64::NEG_INFINITY,
                false => now.seconds_since(received),
            },
        }
    }

    /// The larger of the two: nothing is younger than its arrival, whatever its publisher's clock says, and a message
    /// that took long to come is as old as what it shows.
    pub fn seconds(self) -> f64 {
        self.by_stamp_s.max(self.by_arrival_s)
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
    fn nothing_is_younger_than_its_arrival() {
        let at = |ms: i64| Stamp::from_nanos(ms * 1_000_000);
        let age_ms = |stamp, received| {
            let age = Age::at(at(1000), at(stamp), at(received));
            (age.seconds() * 1e3).round()
        };
        assert_eq!(age_ms(900, 950), 100.0, "it took 50 ms to come");
        assert_eq!(age_ms(1050, 700), 300.0, "its clock runs ahead");
        assert_eq!(age_ms(900, 2000), 100.0, "the clock was turned back since");
        assert_eq!(age_ms(1050, 0), -50.0, "when it came says nothing");
    }

    #[test]
    fn an_age_is_signed() {
        let (earlier, later) = (Stamp::from_ros(1, 0), Stamp::from_ros(1, 250_000_000));
        assert_eq!(later.seconds_since(earlier), 0.25);
        assert_eq!(earlier.seconds_since(later), -0.25);
    }
}
