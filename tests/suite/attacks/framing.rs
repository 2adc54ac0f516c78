//! Where a request ends: whoever makes a proxy and this server disagree on it smuggles a second one.
//! RFC 9112 sections 2 to 7, ASVS 5.0 4.2.1.

use super::wire::{Heard, say};
use crate::support::TestApp;
use crate::support::app::{Kind, run};

const POST: &str = "POST /api/v1/session HTTP/1.1\r\nHost: svar.example\r\nContent-Type: application/json\r\n";
/// What is smuggled: its answer would be seen.
const HIDDEN: &str = "GET /robots.txt HTTP/1.1\r\nHost: svar.example\r\n\r\n";

/// One refusal, and the connection is not used any more.
fn refused(name: &str, heard: &Heard, statuses: &[u16]) {
    assert_eq!(heard.statuses.len(), 1, "{name}: {}", heard.text);
    assert!(statuses.contains(&heard.statuses[0]), "{name}: {}", heard.text);
    assert!(heard.closed, "{name}: the connection is still open");
    assert!(!heard.text.contains("Disallow"), "{name}: the hidden request was answered");
}

#[test]
fn a_length_that_can_be_read_in_two_ways_is_refused() {
    run(Kind::Sqlite, |app: TestApp| async move {
        let at = app.http.authority();
        for length in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "Content-Length: 2\r\nContent-Length: 60",
            "Content-Length: 2\r\nContent-Length: 2",
            "Content-Length: 2, 2",
            "Content-Length: +2",
            "Content-Length: -1",
            "Content-Length: 0x2",
            "Content-Length: 2 2",
            "Content-Length: 99999999999999999999",
            "Content-Length: ",
            "Content-Length : 2",
            "Content-Length:\r\n 2",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: identity",
            "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "Transfer-Encoding:\u{b}chunked",
            "Transfer-Encoding : chunked",
        ] {
            let heard = say(at, format!("{POST}{length}\r\n\r\n0\r\n\r\n{HIDDEN}")).await;
            refused(length, &heard, &[400]);
        }
        // HTTP/1.0 knows no chunks.
        let old = POST.replace("HTTP/1.1", "HTTP/1.0");
        refused("1.0 with chunks", &say(at, format!("{old}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}")).await, &[400]);
    });
}

#[test]
fn chunks_that_are_none_end_the_connection() {
    run(Kind::Sqlite, |app: TestApp| async move {
        let at = app.http.authority();
        for chunks in [
            "xyz\r\n{}\r\n0\r\n\r\n",
            "-2\r\n{}\r\n0\r\n\r\n",
            "0x2\r\n{}\r\n0\r\n\r\n",
            "fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
            "2\r\n{}0\r\n\r\n",
            "2\r\n{}\r\n\r\n",
            "2\n{}\n0\n\n",
            "2;a\nb\r\n{}\r\n0\r\n\r\n",
            "\r\n{}\r\n0\r\n\r\n",
        ] {
            let heard = say(at, format!("{POST}Transfer-Encoding: chunked\r\n\r\n{chunks}{HIDDEN}")).await;
            refused(chunks, &heard, &[400]);
        }
        // The same in order is read to its end, and what follows is a request of its own.
        let good = format!("{POST}Transfer-Encoding: chunked\r\n\r\n1;x=y\r\n{{\r\n1\r\n}}\r\n0\r\n\r\n");
        let next = HIDDEN.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        let heard = say(at, format!("{good}{next}")).await;
        assert_eq!(heard.statuses, [422, 200], "{}", heard.text);
    });
}

#[test]
fn a_body_that_nobody_reads_is_no_request() {
    run(Kind::Sqlite, |app: TestApp| async move {
        let at = app.http.authority();
        let length = HIDDEN.len();
        for first in [
            format!("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"),
            format!("POST /api/v1/invitations HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"),
            format!("DELETE /kode HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"),
            format!("POST /nothing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"),
        ] {
            let last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            let heard = say(at, format!("{first}{HIDDEN}{last}")).await;
            assert!(!heard.text.contains("Disallow"), "{first}: {}", heard.text);
            assert!(heard.closed, "{first}");
        }
    });
}

#[test]
fn lines_and_headers_that_are_none_are_refused() {
    run(Kind::Sqlite, |app: TestApp| async move {
        let at = app.http.authority();
        let get = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
        let many = "X-A: 1\r\n".repeat(500);
        for (name, bytes, status) in [
            ("a folded header", format!("{get}X-A: 1\r\n 2\r\n\r\n"), 400),
            ("CR alone", "GET /healthz HTTP/1.1\r\nHost: x\rX-A: y\r\n\r\n".to_owned(), 400),
            ("NUL in a value", format!("{get}X-A: a\0b\r\n\r\n"), 400),
            ("no colon", format!("{get}nonsense\r\n\r\n"), 400),
            ("no name", format!("{get}: x\r\n\r\n"), 400),
            ("a blank in a name", format!("{get}X A: x\r\n\r\n"), 400),
            ("many headers", format!("{get}{many}\r\n"), 431),
            ("a very long header", format!("{get}X-A: {}\r\n\r\n", "a".repeat(200_000)), 431),
            ("a very long address", format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(70_000)), 400),
            ("no host", "GET /healthz HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("two hosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), 400),
            ("no version", "GET /healthz\r\n\r\n".to_owned(), 400),
            ("another version", "GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n".to_owned(), 400),
            ("HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 400),
            ("a backslash for a path", "GET \\\\angriper.example HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
        ] {
            refused(name, &say(at, format!("{bytes}{HIDDEN}")).await, &[status]);
        }
        refused("letters that are no ASCII", &say(at, b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n").await, &[400]);
        refused("TLS without TLS", &say(at, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(9)).await, &[400]);
        // A program of old that names no host gets its answer.
        assert_eq!(say(at, "GET /healthz HTTP/1.0\r\n\r\n").await.statuses, [200]);
        // Upgrades are not taken.
        for upgrade in ["h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__", "websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA=="] {
            let heard = say(at, format!("{get}Connection: Upgrade\r\nUpgrade: {upgrade}\r\n\r\n")).await;
            assert_eq!(heard.statuses, [200], "{upgrade}: {}", heard.text);
        }
    });
}
