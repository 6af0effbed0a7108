//! Which addresses may a connection reach?
//!
//! A name proves nothing: whoever answers for it can point it at the machine
//! the host runs on or at its neighbours. So the addresses are judged, after
//! the name was resolved and before anything is sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Where clouds tell a machine its own secrets, among private addresses.
const METADATA_V4: [Ipv4Addr; 1] = [Ipv4Addr::new(100, 100, 100, 200)];
const METADATA_V6: [Ipv6Addr; 1] = [Ipv6Addr::new(0xFD00, 0x0EC2, 0, 0, 0, 0, 0, 0x254)];

/// The addresses that a connection may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Addresses {
    /// Those of the public internet.
    Public,
    /// Those, and the ones of private networks: for a server beside this one.
    Private,
    /// Those of this machine, for servers under test.
    Loopback,
}

impl Addresses {
    /// What a url with this host is meant to reach; `None` without a host.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let loopback = match url.host()? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        Some(if loopback { Self::Loopback } else { Self::Public })
    }

    pub(crate) fn include(self, address: IpAddr) -> bool {
        match self {
            Self::Loopback => address.is_loopback(),
            Self::Public => match address {
                IpAddr::V4(address) => is_public_v4(address),
                IpAddr::V6(address) => is_public_v6(address),
            },
            Self::Private => Self::Public.include(address) || is_private(address),
        }
    }
}

/// Whether the address is one of a private network, and of no cloud's metadata.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            // A provider's own network, and in it a metadata service.
            let shared = a == 100 && (64..128).contains(&b) && !METADATA_V4.contains(&address);
            address.is_private() || shared
        }
        IpAddr::V6(address) => address.is_unique_local() && !METADATA_V6.contains(&address),
    }
}

/// Whether the address is outside the registered special-purpose ranges.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = (a, b, c) == (192, 0, 0);
    let relays = (a, b, c) == (192, 88, 99);
    let benchmarks = a == 198 && (18..20).contains(&b);
    let this_network_or_reserved = a == 0 || a >= 240;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || shared
        || protocols
        || relays
        || benchmarks
        || this_network_or_reserved)
}

/// Whether the address is global unicast and stands for no other kind.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inside) = address.to_ipv4_mapped() {
        return is_public_v4(inside);
    }
    let [first, second, ..] = address.segments();
    let global_unicast = first & 0xE000 == 0x2000;
    let documentation = (first == 0x2001 && second == 0x0DB8) || first & 0xFFF0 == 0x3FF0;
    // Protocols of their own, among them tunnels around an address that nobody checked.
    let protocols = first == 0x2002 || (first == 0x2001 && second < 0x0200);
    global_unicast && !documentation && !protocols
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_connection_reaches_no_private_local_or_special_address() {
        for address in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "2001:db8::1",
            "2002:a00:1::",
            "2001:10::1",
            "3fff::1",
            "192.88.99.1",
            "64:ff9b::a00:1",
            "fd00:ec2::254",
        ] {
            assert!(!Addresses::Public.include(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "93.184.216.34", "2606:4700::1111"] {
            assert!(Addresses::Public.include(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_private_connection_reaches_private_networks_and_no_metadata() {
        let private = ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fc00::1", "1.1.1.1"];
        for address in private {
            assert!(Addresses::Private.include(address.parse().unwrap()), "{address}");
        }
        for address in [
            "127.0.0.1",
            "169.254.169.254",
            "100.100.100.200",
            "fd00:ec2::254",
            "fe80::1",
            "::1",
            "0.0.0.0",
            "224.0.0.1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!Addresses::Private.include(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_loopback_connection_reaches_this_machine_alone() {
        assert!(Addresses::Loopback.include("127.0.0.1".parse().unwrap()));
        assert!(Addresses::Loopback.include("::1".parse().unwrap()));
        assert!(!Addresses::Loopback.include("1.1.1.1".parse().unwrap()));
        assert!(!Addresses::Loopback.include("10.0.0.1".parse().unwrap()));
    }
}
