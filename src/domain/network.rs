//! Which addresses a message to another system may go to. Public ones always; internal networks when
//! the operator names them; what is nobody's business on any network never.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network: an address and how many of its first bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `10.1.0.0/16` or `fd12:3456::/32`. No bit may be set after those that count.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let bits: u8 = bits.parse().ok().filter(|bits| *bits <= width(address))?;
        let network = Self { address, bits };
        (number(address) & !network.mask() == 0).then_some(network)
    }

    fn mask(self) -> u128 {
        let rest = u32::from(width(self.address) - self.bits);
        u128::MAX.checked_shl(rest).unwrap_or(0)
    }

    /// Whether an address is in it.
    pub fn contains(self, address: IpAddr) -> bool {
        width(address) == width(self.address) && (number(address) ^ number(self.address)) & self.mask() == 0
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// What kind of address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// On the internet.
    Public,
    /// In a network of one's own: private (RFC 1918), shared (RFC 6598), unique local (RFC 4193).
    Internal,
    /// This machine.
    Loopback,
    /// Link-local (where clouds keep the metadata of a machine), multicast, reserved, or an address that
    /// hides another one.
    Never,
}

/// Addresses inside networks that could be allowed, at which clouds give out the machine's own keys.
const METADATA: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)), IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254))];

/// Tells the kind. An IPv4 address that is mapped or translated into IPv6 counts as what it is.
pub fn reach(address: IpAddr) -> Reach {
    if METADATA.contains(&address) {
        return Reach::Never;
    }
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [first, second, third, _] = address.octets();
    match (first, second, third) {
        (127, ..) => Reach::Loopback,
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Reach::Internal,
        // This network, link-local, protocol assignments, examples, measurements, multicast and reserved.
        (0, ..) | (169, 254, _) | (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) | (224.., ..) => {
            Reach::Never
        }
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let parts = address.segments();
    let inner = |high: u16, low: u16| reach(IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))));
    match parts {
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Loopback,
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        // 6to4 has it after the prefix.
        [0x2002, high, low, ..] => inner(high, low),
        [first, ..] if first & 0xfe00 == 0xfc00 => Reach::Internal,
        // Teredo and other protocol assignments, examples.
        [0x2001, second, ..] if second < 0x0200 || second == 0x0db8 => Reach::Never,
        // Only 2000::/3 is given out.
        [first, ..] if first & 0xe000 == 0x2000 => Reach::Public,
        _ => Reach::Never,
    }
}

/// Which addresses beside the public ones are allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// This machine, also without TLS.
    pub loopback: bool,
    /// Internal networks.
    pub networks: Vec<Network>,
}

impl Allowed {
    /// Whether a message may go there.
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match reach(address) {
            Reach::Public => true,
            Reach::Internal => self.networks.iter().any(|network| network.contains(address)),
            Reach::Loopback => self.loopback,
            Reach::Never => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    #[test]
    fn every_kind_of_address_is_known() {
        for (kind, texts) in [
            (
                Reach::Public,
                "1.1.1.1 11.0.0.1 172.15.0.1 172.32.0.1 192.167.1.1 100.63.0.1 100.128.0.1 223.255.255.254 2a01:4f8::1 ::ffff:8.8.8.8",
            ),
            (
                Reach::Internal,
                "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 100.127.255.255 fc00::1 fd12::1 ::ffff:10.0.0.1 64:ff9b::a00:1 2002:a00:1::1",
            ),
            (Reach::Loopback, "127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::"),
            (
                Reach::Never,
                "0.0.0.0 0.1.2.3 169.254.169.254 192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 \
                 255.255.255.255 100.100.100.200 fd00:ec2::254 :: fe80::1 fec0::1 ff02::1 2001::1 2001:db8::1 100::1 ::127.0.0.1 ::ffff:169.254.169.254 64:ff9b:1::1",
            ),
        ] {
            for text in texts.split_whitespace() {
                assert_eq!(reach(address(text)), kind, "{text}");
            }
        }
    }

    #[test]
    fn networks_are_read_strictly() {
        for text in ["10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "fd00::/129", "x/8", "10.0.0.0/", "10.0.0.0/-1", ""] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
        let all = Network::parse("0.0.0.0/0");
        assert!(all.is_some_and(|all| all.contains(address("9.9.9.9")) && !all.contains(address("::1"))));
    }

    #[test]
    fn what_is_named_is_allowed_and_nothing_else() {
        let networks: Vec<Network> = ["10.1.0.0/16", "fd12::/16", "169.254.0.0/16"].into_iter().filter_map(Network::parse).collect();
        let allowed = Allowed { loopback: false, networks };
        for text in ["10.1.2.3", "::ffff:10.1.2.3", "fd12::1", "8.8.8.8"] {
            assert!(allowed.permits(address(text)), "{text}");
        }
        for text in ["10.2.0.1", "127.0.0.1", "::1", "169.254.169.254", "fd13::1"] {
            assert!(!allowed.permits(address(text)), "{text}");
        }
        assert!(Allowed { loopback: true, ..Allowed::default() }.permits(address("::ffff:127.0.0.1")));
    }
}
