//! Limits on guessing: what a wrong birth date costs.
//!
//! The numbers stand in one place; storage counts, this module decides. An attempt is reserved
//! (counted) before the comparison and released when it was right, so that parallel guesses can't
//! slip past the limit.

use chrono::{DateTime, Duration, Utc};

/// Wrong dates for one credential (or one code that does not exist) after which it stays shut.
pub const PER_CREDENTIAL: i32 = 10;
/// Failures from one address block in [`ADDRESS_WINDOW_MINUTES`] after which it waits.
pub const PER_ADDRESS: i32 = 20;
/// Sign-ins that were begun from one address block in [`ADDRESS_WINDOW_MINUTES`] and not finished, after which
/// it waits.
pub const SIGN_INS_PER_ADDRESS: i32 = 300;
/// Length of the address window, minutes.
pub const ADDRESS_WINDOW_MINUTES: i64 = 10;
/// Failures on the code path, all together, in an hour, after which the code form waits.
pub const PER_HOUR_ALL_CODES: i32 = 600;
/// Failures on the code path in an hour at which an operator is warned.
pub const ALARM_ALL_CODES: i32 = 200;

/// How long to wait before the next attempt, once this many have failed.
pub fn wait_after(failures: i32) -> Duration {
    match failures {
        i32::MIN..=2 => Duration::zero(),
        3 => Duration::minutes(1),
        4 => Duration::minutes(5),
        _ => Duration::minutes(15),
    }
}

/// The start of the window of that length which holds the instant.
pub fn window_start(at: DateTime<Utc>, minutes: i64) -> DateTime<Utc> {
    let seconds = minutes * 60;
    let start = at.timestamp().div_euclid(seconds) * seconds;
    DateTime::from_timestamp(start, 0).unwrap_or(at)
}

/// The block an address is counted under: IPv4 /24, IPv6 /56 (an IPv4 address inside IPv6 as IPv4).
pub fn address_block(address: std::net::IpAddr) -> String {
    match address.to_canonical() {
        std::net::IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        std::net::IpAddr::V6(v6) => {
            let masked = u128::from(v6) & !((1_u128 << 72) - 1);
            format!("{}/56", std::net::Ipv6Addr::from(masked))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_are_free_then_it_takes_longer() {
        let minutes: Vec<i64> = (0..8).map(|n| wait_after(n).num_minutes()).collect();
        assert_eq!(minutes, [0, 0, 0, 1, 5, 15, 15, 15]);
    }

    #[test]
    fn addresses_are_counted_in_blocks() {
        let block = |text: &str| text.parse().map(address_block).unwrap_or_default();
        assert_eq!(block("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(block("::ffff:192.0.2.9"), "192.0.2.0/24");
        assert_eq!(block("2001:db8:1:2ff:aaaa::1"), "2001:db8:1:200::/56");
    }

    #[test]
    fn windows_are_aligned() {
        let at = DateTime::from_timestamp(1_800_000_123, 0).unwrap_or_default();
        assert_eq!(window_start(at, 10).timestamp() % 600, 0);
        assert!(window_start(at, 10) <= at);
    }
}
