//! Which addresses may a connection reach?
//!
//! A name proves nothing: whoever answers for it can point it at the machine
//! the host runs on or at its neighbours. So the addresses are judged, after
//! the name was resolved and before anything is sent. Where a cloud tells a machine
//! its secrets, nobody may go: that is asked before anything else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Where clouds tell a machine its own secrets, beside link-local addresses, which are
/// all theirs: Alibaba, Azure, and what used to be Oracle's.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];
/// The same: Google's, Oracle's and Scaleway's. AWS has a network of its own for it.
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xFD20, 0x00CE, 0, 0, 0, 0, 0, 0x0254),
    Ipv6Addr::new(0xFD00, 0x00C1, 0, 0, 0, 0, 0xA9FE, 0xA9FE),
    Ipv6Addr::new(0xFD00, 0x0042, 0, 0, 0, 0, 0, 0x0042),
];

/// Names that clouds give to such a place, beside those that `is_metadata_name` knows by
/// their form.
const METADATA_NAMES: [&str; 5] = [
    "api.metadata.cloud.ibm.com",
    "metadata.goog",
    "metadata.packet.net",
    "metadata.platformequinix.com",
    "metadata.tencentyun.com",
];

/// The addresses that a connection may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Addresses {
    /// Those of the public internet.
    Public,
    /// Those, and the ones of private networks: for a server beside this one.
    Private,
    /// Those of this machine, for servers under test.
    Loopback,
    /// All: for a proxy, which its operator chose wherever it is.
    Chosen,
}

impl Addresses {
    /// What a url with this host is meant to reach; `None` without a host.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let loopback = match url.host()? {
            Host::Domain(name) => without_dot(name) == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        Some(if loopback { Self::Loopback } else { Self::Public })
    }

    /// Why a host may not be reached, as far as that shows before its name is looked up,
    /// and also where a proxy does that.
    pub(crate) fn refusal(self, host: &str) -> Option<String> {
        let address = match Host::parse(host).ok()? {
            Host::Domain(name) => {
                let why = || format!("{host} is where a cloud tells a machine its secrets");
                return is_metadata_name(&name).then(why);
            }
            Host::Ipv4(address) => address.into(),
            Host::Ipv6(address) => address.into(),
        };
        let host = host.trim_matches(['[', ']']);
        let why = || format!("{host} is no address that the connection may reach");
        (!self.include(address)).then(why)
    }

    pub(crate) fn include(self, address: IpAddr) -> bool {
        if is_metadata(address) {
            return false;
        }
        match self {
            Self::Chosen => true,
            Self::Loopback => address.is_loopback(),
            Self::Public => match address {
                IpAddr::V4(address) => is_public_v4(address),
                IpAddr::V6(address) => is_public_v6(address),
            },
            Self::Private => Self::Public.include(address) || is_private(address),
        }
    }
}

/// A whole name without the dot that may stand at its end.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Whether a cloud gives this name to where it tells a machine its secrets: a list, and
/// what is called so within a machine's own network.
fn is_metadata_name(name: &str) -> bool {
    let name = without_dot(name).to_lowercase();
    let (first, rest) = name.split_once('.').unwrap_or((&name, "internal"));
    let is_inside = rest.rsplit('.').next() == Some("internal");
    (["metadata", "instance-data"].contains(&first) && is_inside)
        || METADATA_NAMES.contains(&name.as_str())
}

/// Whether a cloud tells a machine its secrets there, or a neighbour on the same cable
/// answers, however the address is written.
fn is_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local() || METADATA_V4.contains(&address),
        IpAddr::V6(address) => {
            let [first, second, third, .., last, end] = address.segments();
            let inside = |one: u16, other: u16| {
                let [[a, b], [c, d]] = [one.to_be_bytes(), other.to_be_bytes()];
                is_metadata(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
            };
            let holds_another = matches!((first, second), (0, 0) | (0x0064, 0xFF9B));
            address.is_unicast_link_local()
                || (first, second) == (0xFD00, 0x0EC2)
                || METADATA_V6.contains(&address)
                || (holds_another && inside(last, end))
                || (first == 0x2002 && inside(second, third))
        }
    }
}

/// Whether the address is one of a private network.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            // A provider's own network.
            address.is_private() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(address) => address.is_unique_local(),
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
    fn where_a_cloud_tells_secrets_nobody_goes() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.42.42",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fd00:c1::a9fe:a9fe",
            "fd00:42::42",
            "fe80::a9fe:a9fe",
            "::ffff:169.254.169.254",
            "::ffff:168.63.129.16",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            let address = address.parse().unwrap();
            for class in
                [Addresses::Public, Addresses::Private, Addresses::Loopback, Addresses::Chosen]
            {
                assert!(!class.include(address), "{class:?} {address}");
            }
        }
    }

    #[test]
    fn such_a_place_is_known_by_its_name_and_in_any_spelling() {
        for host in [
            "metadata",
            "metadata.",
            "Metadata.Google.Internal",
            "metadata.google.internal.",
            "metadata.azure.internal",
            "instance-data",
            "instance-data.ec2.internal",
            "instance-data.eu-west-1.compute.internal",
            "metadata.goog",
            "metadata.tencentyun.com",
            "169.254.169.254.",
            "2852039166",
            "0xa9fea9fe",
            "0xA9.0xFE.0xA9.0xFE",
            "0251.0376.0251.0376",
            "169.254.43518",
            "0144.100.0x64.200",
            "[::ffff:169.254.169.254]",
            "[::ffff:a9fe:a9fe]",
            "[::169.254.169.254]",
            "[0:0:0:0:0:ffff:100.100.100.200]",
            "[FD00:EC2::254]",
        ] {
            for class in [Addresses::Public, Addresses::Private, Addresses::Chosen] {
                assert!(class.refusal(host).is_some(), "{class:?} {host}");
            }
        }
        for host in ["metadata.example.com", "my-metadata.internal", "internal", "1.1.1.1", "a..b"]
        {
            assert_eq!(Addresses::Public.refusal(host), None, "{host}");
        }
    }

    #[test]
    fn a_proxy_may_be_anywhere_else() {
        for address in ["127.0.0.1", "10.1.2.3", "::1", "fd12::1", "100.64.0.1", "1.1.1.1"] {
            assert!(Addresses::Chosen.include(address.parse().unwrap()), "{address}");
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
