//! The web server: binds, serves, drains.

use super::extract::Door as DoorData;
use super::{context, routes};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use std::net::TcpListener;
use std::time::Duration;

pub use super::extract::Door;

/// Serves on a bound listener until the returned server's handle stops it. Requests under way have
/// `drain` to finish.
pub fn serve(listener: TcpListener, door: DoorData, workers: usize, drain: Duration) -> std::io::Result<actix_web::dev::Server> {
    let door = web::Data::new(door);
    let server = HttpServer::new(move || {
        App::new().app_data(door.clone()).wrap(from_fn(context::wrap)).configure(|config| routes::register(config, &door.fhir_origins))
    })
    .workers(workers)
    .client_request_timeout(Duration::from_secs(10))
    .keep_alive(Duration::from_secs(75))
    // A packed page leaves in parts: each at once, not when the reader has acknowledged the one before, which takes
    // 40 ms (RFC 1122, 4.2.3.2 and 4.2.3.4).
    .tcp_nodelay(true)
    // Who closes has hung up: what they asked for is not looked for any longer.
    .h1_allow_half_closed(false)
    .shutdown_timeout(drain.as_secs())
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(server)
}
