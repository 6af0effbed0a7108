//! Under which names is a server of this machine asked, and from which pages?
//!
//! A page of the web can have its own name stand for this machine, and so have a browser
//! ask here. The browser tells both names, of what it asks and of the page.

use std::{net::IpAddr, str::FromStr};

use http::{
    HeaderMap, Uri,
    header::{HOST, ORIGIN},
    uri::Authority,
};

/// A host name that requests may be for.
#[derive(Clone, Debug)]
pub(crate) struct Name(String);

impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected the name of a host alone, such as agents.example.com";
        let authority: Authority = text.parse().map_err(|_| expected)?;
        if authority.as_str() == authority.host() && !text.contains('*') {
            Ok(Self(plain(text)))
        } else {
            Err(expected)
        }
    }
}

/// The names that are let in beside those of this machine for itself.
pub(crate) struct Names(pub(crate) Vec<Name>);

impl Names {
    /// Why a request is not for this server, or of a stranger's page; if so.
    pub(crate) fn refuse(&self, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Some("expected one Host header".to_owned());
        };
        let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        let asked = uri.authority().into_iter().chain(host.as_ref());
        if host.is_none() || !asked.map(Authority::host).all(|host| self.has(host)) {
            let why = "the Host header names neither this machine nor what --allow-host names";
            return Some(why.to_owned());
        }
        let mut pages = headers.get_all(ORIGIN).iter();
        let is_known = |page: &str| {
            let page = page.parse::<Uri>().ok();
            page.is_some_and(|page| {
                page.scheme().is_some() && page.host().is_some_and(|host| self.has(host))
            })
        };
        pages.any(|page| !page.to_str().is_ok_and(is_known)).then(|| {
            "the Origin header names neither this machine nor what --allow-host names".to_owned()
        })
    }

    fn has(&self, host: &str) -> bool {
        let host = plain(host);
        host == "localhost"
            || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
            || self.0.iter().any(|name| name.0 == host)
    }
}

fn plain(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(uri: &str, headers: &[(&str, &str)]) -> bool {
        let names = Names(vec!["Agents.Example.com".parse().unwrap()]);
        let pair = |(name, value): &(&str, &str)| {
            (name.parse::<http::HeaderName>().unwrap(), value.parse::<http::HeaderValue>().unwrap())
        };
        let mut all = HeaderMap::new();
        headers.iter().map(pair).for_each(|(name, value)| {
            all.append(name, value);
        });
        names.refuse(&uri.parse().unwrap(), &all).is_some()
    }

    #[test]
    fn only_names_of_this_machine_and_those_that_are_allowed_are_let_in() {
        for host in [
            "localhost",
            "LocalHost:80",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:8",
            "agents.example.com.",
        ] {
            assert!(!is_refused("/mcp", &[("host", host)]), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "agents.example.com.evil",
            "10.0.0.1",
            "",
            "a@b@c",
        ] {
            assert!(is_refused("/mcp", &[("host", host)]), "{host}");
        }
        assert!(is_refused("/mcp", &[]) && is_refused("/mcp", &[("host", "localhost"); 2]));
        assert!(is_refused("http://evil.example/mcp", &[("host", "localhost")]));
    }

    #[test]
    fn a_page_of_a_stranger_is_refused() {
        let with = |page: &str| is_refused("/mcp", &[("host", "localhost"), ("origin", page)]);
        for page in ["http://localhost:3000", "https://agents.example.com", "http://[::1]"] {
            assert!(!with(page), "{page}");
        }
        for page in ["null", "https://evil.example", "localhost", "http://", ""] {
            assert!(with(page), "{page}");
        }
        assert!(is_refused(
            "/",
            &[
                ("host", "localhost"),
                ("origin", "http://localhost"),
                ("origin", "http://evil.example")
            ]
        ));
    }

    #[test]
    fn a_name_is_a_host_alone() {
        for wrong in ["", "*", "*.example.com", "example.com:80", "http://example.com", "a b"] {
            assert!(wrong.parse::<Name>().is_err(), "{wrong}");
        }
    }
}
