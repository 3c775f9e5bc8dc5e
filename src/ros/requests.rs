//! A service that is polled, between two spins.

use futures::{FutureExt, Stream, StreamExt};
use r2r::{QosProfile, ServiceRequest, WrappedServiceTypeSupport};

use crate::errors::ConfigErrors;

/// The requests of one service that are yet to be answered.
pub struct Requests<T: WrappedServiceTypeSupport>(
    Box<dyn Stream<Item = ServiceRequest<T>> + Unpin + Send>,
);

impl<T: WrappedServiceTypeSupport + 'static> Requests<T> {
    /// Offers the service.
    ///
    /// # Errors
    /// The service, when ROS refuses it.
    pub fn new(node: &mut r2r::Node, name: &str) -> Result<Self, ConfigErrors> {
        let stream = node
            .create_service::<T>(name, QosProfile::services_default())
            .map_err(|e| format!("service {name}: {e}"))?;
        Ok(Self(Box::new(stream)))
    }

    /// The next request that has arrived.
    pub fn next(&mut self) -> Option<ServiceRequest<T>> {
        self.0.next().now_or_never().flatten()
    }

    /// Answers every request that has arrived.
    pub fn answer(&mut self, answer: impl Fn(&T::Request) -> T::Response) {
        while let Some(request) = self.next() {
            let response = answer(&request.message);
            respond(request, response);
        }
    }
}

/// Answers one request; that it cannot be answered is said in the log.
pub fn respond<T: WrappedServiceTypeSupport + 'static>(
    request: ServiceRequest<T>,
    response: T::Response,
) {
    if let Err(e) = request.respond(response) {
        log::warn!("a request could not be answered: {e}");
    }
}
