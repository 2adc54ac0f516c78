//! Where a webhook may lead: nowhere inside unless the operator says so, and over TLS that is checked.

use super::receiver::{Manner, Receiver};
use super::{impatient, states, webhook};
use crate::on_both;
use crate::support::{TestApp, child};
use futures::future::BoxFuture;
use kartlegging::crypto::guarded::{Authorities, Lookup, Outward, UrlFault};
use kartlegging::domain::event::EventKind;
use kartlegging::domain::network::{Allowed, Network};
use kartlegging::services::webhooks::{self, Error};
use kartlegging::services::{Services, outbox};
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Every name is at home here.
struct Here(AtomicUsize);

impl Lookup for Here {
    fn lookup(&self, _: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) })
    }
}

fn with(app: &TestApp, outward: Outward) -> Services {
    Services { outward: Arc::new(outward.waiting(std::time::Duration::from_millis(400))), ..app.services.clone() }
}

on_both! {
    async fn addresses_inside_are_refused_when_added_and_when_sent_to(app: TestApp) {
        let strict = with(&app, Outward::new(Allowed::default(), Authorities::default()));
        let organization = app.world.organization.expect("organization");
        for (url, fault) in [
            ("http://sms.example/hook", UrlFault::Scheme),
            ("http://127.0.0.1:1/", UrlFault::Scheme),
            ("https://127.0.0.1/", UrlFault::Address),
            ("https://[::1]/", UrlFault::Address),
            ("https://10.0.0.1/", UrlFault::Address),
            ("https://[::ffff:192.168.0.1]/", UrlFault::Address),
            ("https://169.254.169.254/latest/meta-data", UrlFault::Address),
            ("https://sms.example/?token=1", UrlFault::Parts),
        ] {
            let refused = webhooks::add(&strict, organization, url, EventKind::ALL.into_iter().collect()).await;
            assert_eq!(refused.err(), Some(Error::Url(fault)), "{url}");
        }
        // One that was allowed when it was added, and is not any more.
        let services = impatient(&app);
        let receiver = Receiver::start(Manner::Status(200)).await;
        let added = webhook(&services, &app, &receiver.url).await;
        app.invite("visit-1").await;
        assert_eq!(outbox::deliver(&strict).await, Ok(0));
        assert_eq!(states(&app, added.id).await, ["waiting url"]);
        assert!(receiver.all().is_empty());
    }
}

on_both! {
    async fn a_name_that_leads_inside_gets_no_connection(app: TestApp) {
        let receiver = Receiver::start(Manner::Status(200)).await;
        let port = receiver.url.split(':').nth(2).and_then(|rest| rest.split('/').next()).expect("port");
        let names = Arc::new(Here(AtomicUsize::new(0)));
        let outward = Outward::new(Allowed::default(), Authorities::default()).looking_up(Arc::clone(&names) as Arc<dyn Lookup>);
        let strict = with(&app, outward);
        let added = webhook(&strict, &app, &format!("https://sms.example:{port}/hook")).await;
        app.invite("visit-1").await;
        for turn in 1..=3 {
            assert_eq!(outbox::deliver(&strict).await, Ok(0));
            assert_eq!(names.0.load(Ordering::SeqCst), turn, "looked up once for each try");
            app.advance(chrono::Duration::hours(4));
        }
        assert_eq!(states(&app, added.id).await, ["waiting address"]);
        // An internal network that is named does not open this machine.
        let networks = vec![Network::parse("10.0.0.0/8").expect("network")];
        let outward = Outward::new(Allowed { loopback: false, networks }, Authorities::default()).looking_up(names);
        assert_eq!(outbox::deliver(&with(&app, outward)).await, Ok(0));
        assert!(receiver.all().is_empty());
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let done = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().expect("openssl");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// An authority of our own, and a certificate of its for `sms.example`.
fn certificates(folder: &Path) {
    std::fs::write(folder.join("names"), "subjectAltName=DNS:sms.example\n").expect("file");
    openssl(folder, "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 20 -subj /CN=Oppdiktet");
    openssl(folder, "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -out own.csr -subj /CN=sms.example");
    openssl(folder, "x509 -req -in own.csr -CA ca.pem -CAkey ca.key -out own.pem -days 10 -extfile names");
}

/// A process that ends with the test.
struct Ends(std::process::Child);

impl Drop for Ends {
    fn drop(&mut self) {
        child::end(&mut self.0);
    }
}

/// Answers every request over TLS with 200.
const SERVER: &str = "
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('own.pem', 'own.key')
print(server.server_port, flush=True)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
";

/// A server over TLS that is not ours, and its port.
fn serve_tls(folder: &Path) -> (u16, Ends) {
    let mut server = Command::new("python3");
    server.args(["-c", SERVER]).current_dir(folder).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut child = server.spawn().expect("python3");
    let (line, _) = child::first_line(&mut child, "the server over TLS");
    (line.parse().expect("a port"), Ends(child))
}

on_both! {
    async fn certificates_are_checked(app: TestApp) {
        let folder = app.folder.path();
        certificates(folder);
        let (port, _server) = serve_tls(folder);
        let outward = |authorities| {
            let here = Arc::new(Here(AtomicUsize::new(0)));
            let outward = Outward::new(Allowed { loopback: true, networks: Vec::new() }, authorities).looking_up(here);
            outward.waiting(std::time::Duration::from_secs(5))
        };
        let send = async |outward: &Outward, name: &str| outward.post(&format!("https://{name}:{port}/hook"), &[], Vec::new()).await;
        let own = Authorities::parse(&std::fs::read(folder.join("ca.pem")).expect("file")).expect("certificates");
        let trusting = outward(own);
        assert_eq!(send(&trusting, "sms.example").await, Ok(200));
        assert_eq!(send(&trusting, "other.example").await.map_err(kartlegging::crypto::guarded::Failed::code), Err("tls"));
        assert_eq!(send(&outward(Authorities::default()), "sms.example").await.map_err(kartlegging::crypto::guarded::Failed::code), Err("tls"));
        assert!(Authorities::parse(b"no certificate").is_none());
    }
}

on_both! {
    async fn proxies_of_the_environment_are_ignored(app: TestApp) {
        // The command has a proxy in its environment that nobody is at.
        let mut program = crate::support::program::Program::install(app.kind).await;
        let trap = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
        let address = format!("http://{}", trap.local_addr().expect("address"));
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            program.set(name, &address);
        }
        program.set("KARTLEGGING_WEBHOOK_LOOPBACK", "true");
        program.run(&["migrate", "up"]).await.ok();
        let organization = program.run(&["organization", "add", "--name", "Oppdiktet", "--number", "900000014", "--phone", "55 00 00 01"]).await.ok();
        let receiver = Receiver::start(Manner::Status(200)).await;
        let added = program.run(&["webhook", "add", "--organization", &organization, "--url", &receiver.url]).await.ok();
        let id = added.lines().next().expect("id").to_owned();
        let caught = tokio::spawn(async move {
            let (mut stream, _) = trap.accept().await.expect("connection");
            let mut some = [0; 1];
            let _ = stream.read(&mut some).await;
            let _ = stream.write_all(b"HTTP/1.1 502 Caught\r\n\r\n").await;
        });
        assert_eq!(program.run(&["webhook", "test", "--webhook", &id]).await.ok(), "answered 200");
        assert_eq!(receiver.types(), ["webhook.test"]);
        assert!(!caught.is_finished(), "the proxy was asked");
    }
}
