//! The parameters of what people watch: the debug image and the dashboard.

use std::net::IpAddr;

use super::bounds::Bounds;
use super::declaration::Declarations;

/// The page to watch a node on.
#[derive(Clone, PartialEq)]
pub struct DashboardConfig {
    /// Where it listens.
    pub address: IpAddr,
    /// The port; 0 for any that is free.
    pub port: u16,
    /// What whoever opens it has to know; `None` where anybody on this machine may.
    pub token: Option<String>,
}

/// A token with less could be guessed.
const SHORTEST_TOKEN: usize = 16;
const LONGEST_TOKEN: usize = 256;

impl std::fmt::Debug for DashboardConfig {
    /// Without the token, which is nobody's business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DashboardConfig")
            .field("address", &self.address)
            .field("port", &self.port)
            .field("has_token", &self.token.is_some())
            .finish()
    }
}

/// Declares how often the debug image is published.
pub(super) fn debug_image_rate_hz(d: &mut Declarations) -> f64 {
    d.double(
        "debug_image_rate_hz",
        10.0,
        Bounds::or(0.1..=30.0, 0.0, "for never"),
        "Rate of ~/debug/image/compressed in Hz, while it has subscribers; 0 for never.",
    )
}

impl DashboardConfig {
    /// Declares them. Whether it is on at all is for the caller to see: `None` where not.
    pub(super) fn declare(d: &mut Declarations) -> Option<Self> {
        let enabled = d.bool(
            "dashboard.enabled",
            false,
            "Serve a web page on which the node can be watched, instructed and stopped.",
        );
        let address = d.string(
            "dashboard.address",
            "127.0.0.1",
            "IP address to serve the page on. 127.0.0.1: for browsers on this machine only; 0.0.0.0 or an address of \
             this machine: for others too, which requires dashboard.token.",
        );
        let port = d.integer(
            "dashboard.port",
            8650,
            0..=i64::from(u16::MAX),
            "TCP port of the page; 0 for any free port, which is logged.",
        );
        let token = d.secret(
            "dashboard.token",
            "Secret of at least 16 characters that a browser must know: typed into the page, or given in the URL \
             http://HOST:PORT/#token=SECRET. Empty for none.",
        );
        let address = address
            .parse::<IpAddr>()
            .map_err(|_| {
                d.problem(format!(
                    "parameter dashboard.address is {address:?}; an IP address is needed, such as 127.0.0.1 or 0.0.0.0"
                ));
            })
            .ok()?;
        let lengths = SHORTEST_TOKEN..=LONGEST_TOKEN;
        let is_legal =
            lengths.contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !token.is_empty() && !is_legal {
            d.problem(format!(
                "parameter dashboard.token has {} bytes; {SHORTEST_TOKEN} to {LONGEST_TOKEN} letters, digits and signs \
                 of ASCII are allowed (openssl rand -hex 16 makes a good one)",
                token.len()
            ));
        }
        if enabled && token.is_empty() && !address.is_loopback() {
            d.problem(format!(
                "parameter dashboard.address is {address}, from which the robot can be instructed over the network, \
                 and dashboard.token is empty; set a token of {SHORTEST_TOKEN} characters or more (openssl rand -hex 16 \
                 makes one), or the address 127.0.0.1"
            ));
        }
        enabled.then_some(Self {
            address,
            port: port as u16,
            token: (!token.is_empty()).then_some(token),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::config::{NodeConfig, Value};

    fn given<const N: usize>(values: [(&str, Value); N]) -> Result<NodeConfig, String> {
        let values: BTreeMap<String, Value> = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        match NodeConfig::from_parameters(values) {
            Ok(checked) => Ok(checked.config),
            Err(errors) => Err(errors.to_string()),
        }
    }

    fn word(text: &str) -> Value {
        Value::String(text.into())
    }

    #[test]
    fn nothing_listens_unless_it_is_asked_for() {
        let config = given([("dashboard.address", word("0.0.0.0"))]).unwrap();
        assert_eq!((config.dashboard, config.debug_image_rate_hz), (None, 10.0));
    }

    #[test]
    fn by_itself_it_is_for_this_machine() {
        let config = given([("dashboard.enabled", Value::Bool(true))]).unwrap();
        let dashboard = config.dashboard.unwrap();
        assert!(dashboard.address.is_loopback() && dashboard.token.is_none());
    }

    #[test]
    fn the_network_needs_a_token_and_a_token_is_no_word() {
        for address in ["0.0.0.0", "192.168.1.7", "::"] {
            let on = ("dashboard.enabled", Value::Bool(true));
            let address = ("dashboard.address", word(address));
            let told = given([on.clone(), address.clone()]).unwrap_err();
            assert!(told.contains("dashboard.token is empty"), "{told}");
            let token = ("dashboard.token", word("0123456789abcdef"));
            let config = given([on.clone(), address.clone(), token]).unwrap();
            assert!(config.dashboard.unwrap().token.is_some());
            for token in ["short", "0123456789 abcdef", "0123456789abcdéf"] {
                let token = ("dashboard.token", word(token));
                let told = given([on.clone(), address.clone(), token]).unwrap_err();
                assert!(told.contains("parameter dashboard.token has"), "{told}");
            }
        }
        let told = given([("dashboard.address", word("localhost"))]).unwrap_err();
        assert!(told.contains("an IP address is needed"), "{told}");
    }

    #[test]
    fn the_token_is_not_in_what_is_printed() {
        let config = given([
            ("dashboard.enabled", Value::Bool(true)),
            ("dashboard.token", word("0123456789abcdef")),
        ]);
        let shown = format!("{:?}", config.unwrap().dashboard);
        assert!(
            shown.contains("has_token: true") && !shown.contains("abcdef"),
            "{shown}"
        );
    }
}
