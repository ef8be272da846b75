//! The addresses of hosts. They are remembered: while nobody resolves names, hosts that were reached before are reached on.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};
use tower_service::Service;

/// How long an address is used without a new look, and how long it is not looked for again after that has failed.
const GOOD: Duration = Duration::from_secs(30);
const BAD: Duration = Duration::from_secs(1);

/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Most hosts: those of the configuration, and those that give out credentials. Names are not made from requests.
const MOST: usize = 64;

/// Resolves names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    hosts: Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<Host>>>>>,
}

/// What is known of one host.
#[derive(Debug, Default)]
struct Host {
    addresses: Vec<SocketAddr>,
    /// When it is looked for again.
    until: Option<Instant>,
}

impl Names {
    fn host(&self, name: &str) -> Arc<tokio::sync::Mutex<Host>> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MOST && !hosts.contains_key(name) {
            hosts.clear();
        }
        Arc::clone(hosts.entry(name.to_owned()).or_default())
    }
}

/// The addresses of a host, by `look` unless they are known; those known before if that fails.
async fn addresses(
    host: &tokio::sync::Mutex<Host>,
    look: impl Future<Output = io::Result<Vec<SocketAddr>>>,
) -> io::Result<Vec<SocketAddr>> {
    // Whoever else wants it waits for the same look.
    let mut host = host.lock().await;
    if host.until.is_none_or(|until| until <= Instant::now()) {
        let found = timeout(PATIENCE, look).await.map_err(|_| io::ErrorKind::TimedOut.into());
        match found.flatten() {
            Ok(found) if !found.is_empty() => {
                *host = Host { addresses: found, until: Some(Instant::now() + GOOD) }
            }
            _ => host.until = Some(Instant::now() + BAD),
        }
    }
    match host.addresses.is_empty() {
        true => Err(io::Error::other("its name has no address")),
        false => Ok(host.addresses.clone()),
    }
}

impl Service<Name> for Names {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let host = self.host(name.as_str());
        Box::pin(async move {
            let look = async move {
                let look = move || (name.as_str(), 0).to_socket_addrs().map(Iterator::collect);
                spawn_blocking(look).await.map_err(io::Error::other).flatten()
            };
            Ok(addresses(&host, look).await?.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn an_address_outlives_the_service_that_told_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let (host, looks) = (tokio::sync::Mutex::default(), Cell::new(0));
            let there: SocketAddr = ([192, 0, 2, 1], 0).into();
            let look = |found: Option<SocketAddr>| {
                looks.set(looks.get() + 1);
                async move { found.map(|found| vec![found]).ok_or(io::ErrorKind::NotFound.into()) }
            };
            assert!(addresses(&host, look(None)).await.is_err());
            tokio::time::advance(BAD).await;
            assert_eq!(addresses(&host, look(Some(there))).await.ok(), Some(vec![there]));
            tokio::time::advance(GOOD * 100).await;
            assert_eq!(addresses(&host, look(None)).await.ok(), Some(vec![there]));
            tokio::time::advance(BAD).await;
            let never = std::future::pending();
            assert_eq!(addresses(&host, never).await.ok(), Some(vec![there]));
            assert_eq!(looks.get(), 3);
        });
    }
}
