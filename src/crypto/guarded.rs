//! Requests to addresses that somebody else chose. Every name is looked up anew for every request, all
//! addresses it stands for are checked, and the connection goes to one of those that were: a name that
//! changes what it stands for in between leads nowhere else. Proxies of the environment are ignored,
//! redirects are not followed, and nothing of an answer is read but its status.

use crate::domain::network::{Allowed, Reach, reach};
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Client, redirect::Policy};
use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use url::{Host, Url};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest wait for the status of an answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest address, characters.
const LONGEST: usize = 1000;

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// No address.
    #[error("is not an address like https://sms.example/hook")]
    Malformed,
    /// Not https.
    #[error("must begin with https; http only to this machine, where webhook_loopback is set")]
    Scheme,
    /// A user, a password, a query or a fragment.
    #[error("must have no user, password, query or fragment: a secret in an address ends in logs")]
    Parts,
    /// Too long.
    #[error("is longer than 1000 characters")]
    Long,
    /// An address in a network that is not allowed.
    #[error("is in a network that webhook_networks does not name")]
    Address,
}

/// Why a request did not get an answer. Says nothing of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The address does not fit.
    #[error("url")]
    Url,
    /// The name stands for an address that is not allowed.
    #[error("address")]
    Address,
    /// Nobody knows the name.
    #[error("name")]
    Name,
    /// No connection.
    #[error("refused")]
    Refused,
    /// No connection that can be trusted.
    #[error("tls")]
    Tls,
    /// No answer in time.
    #[error("timeout")]
    Timeout,
    /// The connection ended, or what came is no HTTP.
    #[error("broken")]
    Broken,
}

impl Failed {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Address => "address",
            Self::Name => "name",
            Self::Refused => "refused",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
        }
    }
}

/// Looks names up.
pub trait Lookup: Send + Sync {
    /// All addresses of a name.
    fn lookup(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// The machine's own look-up.
struct System;

impl Lookup for System {
    fn lookup(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) })
    }
}

/// Looks up and checks.
struct Checked {
    lookup: Arc<dyn Lookup>,
    allowed: Allowed,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.lookup.lookup(name.as_str().to_owned());
        let allowed = self.allowed.clone();
        Box::pin(async move {
            let found = found.await.unwrap_or_default();
            if found.is_empty() {
                return Err(Failed::Name.into());
            }
            if !found.iter().all(|address| allowed.permits(*address)) {
                return Err(Failed::Address.into());
            }
            Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// Authorities beside those of the machine, whose certificates receivers may have.
#[derive(Debug, Clone, Default)]
pub struct Authorities(Vec<Certificate>);

impl Authorities {
    /// Reads certificates in PEM; `None` when there is none or one can't be read.
    pub fn parse(pem: &[u8]) -> Option<Self> {
        Certificate::from_pem_bundle(pem).ok().filter(|all| !all.is_empty()).map(Self)
    }
}

/// The way out.
pub struct Outward {
    allowed: Allowed,
    authorities: Authorities,
    lookup: Arc<dyn Lookup>,
    timeout: Duration,
    client: OnceLock<Option<Client>>,
}

impl std::fmt::Debug for Outward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outward")
    }
}

impl Outward {
    /// A way out to public addresses and those that are allowed.
    pub fn new(allowed: Allowed, authorities: Authorities) -> Self {
        Self { allowed, authorities, lookup: Arc::new(System), timeout: TIMEOUT, client: OnceLock::new() }
    }

    /// The same with another longest wait for an answer.
    #[must_use]
    pub fn waiting(self, timeout: Duration) -> Self {
        Self { timeout, client: OnceLock::new(), ..self }
    }

    /// The same with another look-up of names.
    #[must_use]
    pub fn looking_up(self, lookup: Arc<dyn Lookup>) -> Self {
        Self { lookup, client: OnceLock::new(), ..self }
    }

    /// Reads an address that messages may be sent to. What its name stands for is seen when something is sent.
    pub fn url(&self, text: &str) -> Result<Url, UrlFault> {
        if text.len() > LONGEST {
            return Err(UrlFault::Long);
        }
        let url = Url::parse(text).map_err(|_| UrlFault::Malformed)?;
        let host = url.host().ok_or(UrlFault::Malformed)?;
        let literal = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
        };
        let here = literal.map_or(host == Host::Domain("localhost"), |address| reach(address.to_canonical()) == Reach::Loopback);
        match url.scheme() {
            "https" => {}
            "http" if here && self.allowed.loopback => {}
            _ => return Err(UrlFault::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(UrlFault::Parts);
        }
        if literal.is_some_and(|address| !self.allowed.permits(address)) {
            return Err(UrlFault::Address);
        }
        Ok(url)
    }

    fn client(&self) -> Option<&Client> {
        let make = || {
            let checked = Checked { lookup: Arc::clone(&self.lookup), allowed: self.allowed.clone() };
            let builder = Client::builder()
                .user_agent(concat!("kartlegging/", env!("CARGO_PKG_VERSION")))
                .redirect(Policy::none())
                .no_proxy()
                .dns_resolver(Arc::new(checked))
                // A connection that is kept would be to what was checked for another message.
                .pool_max_idle_per_host(0)
                .http1_only()
                .connect_timeout(CONNECT)
                .timeout(self.timeout);
            builder.tls_certs_merge(self.authorities.0.clone()).build().ok()
        };
        self.client.get_or_init(make).as_ref()
    }

    /// Posts and gives the status of the answer. The media type is one of the headers.
    pub async fn post(&self, url: &str, headers: &[(&str, String)], body: Vec<u8>) -> Result<u16, Failed> {
        // Checked again: settings may be others than when it was added.
        let url = self.url(url).map_err(|fault| if fault == UrlFault::Address { Failed::Address } else { Failed::Url })?;
        let client = self.client().ok_or(Failed::Tls)?;
        let mut call = client.post(url).body(body);
        for (name, value) in headers {
            call = call.header(*name, value);
        }
        // What follows the status is left unread, and the connection ends with it.
        call.send().await.map(|answer| answer.status().as_u16()).map_err(|error| failed(&error))
    }
}

/// Whether it is an error of TLS, in however many errors of the connection it is wrapped.
fn is_tls(cause: &(dyn std::error::Error + 'static)) -> bool {
    let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    cause.is::<rustls::Error>() || inner.is_some_and(|inner| is_tls(inner))
}

/// What a failure comes down to: the deepest cause that is known.
fn failed(error: &reqwest::Error) -> Failed {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(own) = cause.downcast_ref::<Failed>() {
            return *own;
        }
        if is_tls(cause) {
            return Failed::Tls;
        }
        source = cause.source();
    }
    if error.is_timeout() {
        Failed::Timeout
    } else if error.is_connect() {
        Failed::Refused
    } else {
        Failed::Broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::network::Network;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn outward(loopback: bool) -> Outward {
        let networks = Network::parse("10.1.0.0/16").into_iter().collect();
        Outward::new(Allowed { loopback, networks }, Authorities::default())
    }

    #[test]
    fn addresses_are_read_strictly() {
        for (text, fault) in [
            ("sms.example/hook", UrlFault::Malformed),
            ("https://", UrlFault::Malformed),
            ("http://sms.example/hook", UrlFault::Scheme),
            ("http://127.0.0.1/hook", UrlFault::Scheme),
            ("file:///etc/passwd", UrlFault::Malformed),
            ("ftp://sms.example/", UrlFault::Scheme),
            ("https://user@sms.example/", UrlFault::Parts),
            ("https://:word@sms.example/", UrlFault::Parts),
            ("https://sms.example/?key=1", UrlFault::Parts),
            ("https://sms.example/#a", UrlFault::Parts),
            ("https://10.2.0.1/", UrlFault::Address),
            ("https://127.0.0.1/", UrlFault::Address),
            // The same in other spellings.
            ("https://2130706433/", UrlFault::Address),
            ("https://0x7f.1/", UrlFault::Address),
            ("https://[::ffff:127.0.0.1]/", UrlFault::Address),
            ("https://[::ffff:a9fe:a9fe]/", UrlFault::Address),
            ("https://169.254.169.254/latest/meta-data", UrlFault::Address),
        ] {
            assert_eq!(outward(false).url(text), Err(fault), "{text}");
        }
        assert_eq!(outward(false).url(&format!("https://sms.example/{}", "a".repeat(1000))), Err(UrlFault::Long));
        for text in ["https://sms.example/hook", "https://10.1.2.3:8443/hook", "https://[2a01:4f8::1]/"] {
            assert!(outward(false).url(text).is_ok(), "{text}");
        }
        assert!(outward(true).url("http://localhost:1/").is_ok() && outward(true).url("http://[::1]:1/").is_ok());
        assert_eq!(outward(true).url("http://10.1.2.3/"), Err(UrlFault::Scheme));
    }

    /// Says something else each time it is asked.
    struct Rebinding(AtomicUsize);

    impl Lookup for Rebinding {
        fn lookup(&self, _: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
            let turn = self.0.fetch_add(1, Ordering::SeqCst);
            // The second time, and in a list behind an allowed one.
            let [public, here] = [IpAddr::from([192, 88, 98, 1]), IpAddr::from([127, 0, 0, 1])];
            Box::pin(async move { Ok(if turn == 0 { vec![here] } else { vec![public, here] }) })
        }
    }

    #[tokio::test]
    async fn a_name_that_stands_for_a_forbidden_address_leads_nowhere() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let names = Arc::new(Rebinding(AtomicUsize::new(0)));
        let outward = outward(false).looking_up(Arc::clone(&names) as Arc<dyn Lookup>);
        for asked in 1..=3 {
            assert_eq!(outward.post("https://sms.example/", &[], Vec::new()).await, Err(Failed::Address));
            // Looked up once for each request: what was checked is what is connected to.
            assert_eq!(names.0.load(Ordering::SeqCst), asked);
        }
    }
}
