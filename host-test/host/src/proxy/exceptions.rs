//! Which servers need no proxy? Those that `NO_PROXY` names, as curl reads it: `*` alone
//! for all; names, with all below them; addresses and networks, without brackets. An
//! entry with a port names nothing.

use std::net::IpAddr;

use url::Host;

/// Whether such a list names the host.
pub(super) fn name(list: &str, host: &Host<&str>) -> bool {
    let mut entries = list.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
    if list == "*" {
        return true;
    }
    entries.any(|entry| match host {
        Host::Domain(name) => is_below(name, entry),
        Host::Ipv4(address) => is_within((*address).into(), entry),
        Host::Ipv6(address) => is_within((*address).into(), entry),
    })
}

/// Whether it is this name, or one below it. The dot at the end of a whole name says
/// nothing, nor does one before it.
fn is_below(name: &str, entry: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_lowercase();
    let entry = entry.strip_suffix('.').unwrap_or(entry).to_lowercase();
    let entry = entry.strip_prefix('.').unwrap_or(&entry);
    let above = name.strip_suffix(entry).filter(|_| !entry.is_empty());
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// Whether it is this address, or one of this network.
fn is_within(address: IpAddr, entry: &str) -> bool {
    let Some((network, bits)) = entry.split_once('/') else {
        return entry.parse() == Ok(address);
    };
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else {
        return false;
    };
    match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            bits <= 32 && (one.to_bits() ^ other.to_bits()).leading_zeros() >= bits
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            bits <= 128 && (one.to_bits() ^ other.to_bits()).leading_zeros() >= bits
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn a_list_is_read_as_curl_reads_it() {
        for (list, base, is_named) in [
            ("*", "https://api.example.com", true),
            ("*,other.org", "https://api.example.com", false),
            ("*.example.com", "https://api.example.com", false),
            ("example.com", "https://api.example.com", true),
            ("example.com", "https://example.com", true),
            (".example.com", "https://example.com", true),
            ("example.com.", "https://api.example.com", true),
            (".example.com.", "https://api.example.com", true),
            ("example.com", "https://api.example.com.", true),
            ("example.com.", "https://api.example.com.:8443/v1", true),
            ("EXAMPLE.com", "https://api.example.com:8443/v1", true),
            ("other.org, example.com", "https://api.example.com", true),
            ("other.org example.com", "https://api.example.com", true),
            ("other.org\texample.com,", "https://api.example.com", true),
            (".com", "https://api.example.com", true),
            (".", "https://api.example.com", false),
            ("..example.com", "https://api.example.com", false),
            ("ample.com", "https://api.example.com", false),
            ("api.example.com.evil.org", "https://api.example.com", false),
            ("api.example.com:443", "https://api.example.com", false),
            ("https://api.example.com", "https://api.example.com", false),
            ("10.1.2.3", "https://10.1.2.3", true),
            ("10.1.2.3", "https://0xa010203", true),
            ("10.1.2.3:443", "https://10.1.2.3", false),
            ("2.3", "https://10.1.2.3", false),
            ("10.0.0.0/8", "https://10.1.2.3", true),
            ("10.0.0.0/8", "https://11.1.2.3", false),
            ("10.1.2.2/31", "https://10.1.2.3", true),
            ("10.1.2.3/33", "https://10.1.2.3", false),
            ("10.1.2.3/x", "https://10.1.2.3", false),
            ("fd12::1", "https://[fd12::1]", true),
            ("FD12:0::1", "https://[fd12::1]", true),
            ("[fd12::1]", "https://[fd12::1]", false),
            ("fd00::/8", "https://[fd12::1]", true),
            ("fd00::/16", "https://[fd12::1]", false),
            ("10.0.0.0/8", "https://[fd12::1]", false),
            ("", "https://api.example.com", false),
        ] {
            let base: Url = base.parse().unwrap();
            assert_eq!(name(list, &base.host().unwrap()), is_named, "{list} {base}");
        }
    }
}
