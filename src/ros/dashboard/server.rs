//! The thread that serves the page.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::access::Access;
use super::cameras::Cameras;
use super::connections::Connections;
use super::node::Node;
use super::page::Page;
use super::routes::{Shared, routes};
use super::states::States;
use crate::config::DashboardConfig;
use crate::display::SightSlot;
use crate::errors::ConfigErrors;
use crate::shutdown::Shutdown;

/// Pictures that are made at the same time, beside everything else.
const ENCODERS: usize = 2;

/// How long a picture that is being made may hold up the end.
const LAST_PATIENCE: Duration = Duration::from_millis(500);

/// The running server.
pub struct Server {
    address: SocketAddr,
    ending: oneshot::Sender<()>,
    handle: JoinHandle<()>,
}

impl Server {
    /// Starts to serve the page of a node.
    ///
    /// # Errors
    /// An address that cannot be listened on; a thread that the system refuses.
    pub fn start(
        config: &DashboardConfig,
        node: Arc<dyn Node>,
        sights: SightSlot,
        shutdown: &Shutdown,
    ) -> Result<Self, ConfigErrors> {
        let wanted = SocketAddr::new(config.address, config.port);
        let refused = |why: std::io::Error| {
            format!(
                "parameters dashboard.address and dashboard.port: cannot listen on {wanted}: {why}"
            )
        };
        let listener = TcpListener::bind(wanted).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(ENCODERS)
            .thread_name("dashboard")
            .build()
            .map_err(refused)?;
        let shared = Arc::new(Shared {
            access: Access::new(config.address, config.token.as_deref()),
            page: Page::new(),
            states: States::new(sights),
            cameras: Cameras::default(),
            node,
        });
        let (ending, ended) = oneshot::channel::<()>();
        let serve = move || {
            runtime.block_on(async {
                // It belongs to this machine's loop from here on, which takes what has been bound.
                let listener = match tokio::net::TcpListener::from_std(listener) {
                    Ok(listener) => listener,
                    Err(why) => return log::error!("the dashboard is not served: {why}"),
                };
                let connections = Connections::new(listener);
                let served = axum::serve(connections, routes(shared.clone()));
                tokio::select! {
                    _ = served => {}
                    () = shared.states.run() => {}
                    _ = ended => {}
                }
            });
            runtime.shutdown_timeout(LAST_PATIENCE);
        };
        let handle = shutdown
            .spawn("dashboard", serve)
            .map_err(|e| format!("the dashboard cannot start: {e}"))?;
        Ok(Self {
            address,
            ending,
            handle,
        })
    }

    /// Where it is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it; pages that are open see nothing any more.
    pub fn stop(self) {
        let _ = self.ending.send(());
        // A panic is caught where the thread was started.
        let _ = self.handle.join();
    }
}
