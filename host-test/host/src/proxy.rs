//! Through which proxy does a connection go, if through one?
//!
//! Reads the url of a proxy, and the variables of the environment that name one, as
//! curl does. Its user and password go into one header and are shown nowhere. What a
//! proxy is asked for, and what its answers mean, is the client's work.

use std::{env, fmt};

use http::{HeaderValue, Uri, uri::Scheme};
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::addresses::Addresses;

mod exceptions;

/// Where a proxy listens if its url does not say it, as for curl.
const PORT: u16 = 1080;
const PORT_OVER_TLS: u16 = 443;
/// The variables that name a proxy for https, the first that is set; then those that
/// name the hosts which need none. One for http has no use: nothing leaves over http
/// but to this machine.
const PROXIES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// A proxy that takes `CONNECT`, or whole urls, over HTTP or HTTPS.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    uri: Uri,
    authorization: Option<HeaderValue>,
}

impl Proxy {
    /// Reads a url such as `http://user:password@proxy.example.com:3128`; one without
    /// a scheme is http.
    ///
    /// # Errors
    /// If it is of another kind, or leads to where a cloud tells a machine its secrets.
    /// The message does not repeat it.
    pub fn new(url: &str) -> Result<Self, &'static str> {
        let url = url.trim();
        let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_lowercase());
        match scheme.as_deref() {
            None | Some("http" | "https") => {}
            Some(scheme) if scheme.starts_with("socks") => {
                return Err("it is a SOCKS proxy, which this host does not speak: \
                            name one of http:// or https://");
            }
            Some(_) => return Err("it is neither of http:// nor of https://"),
        }
        let no_url = "it is no url of a proxy, such as http://proxy.example.com:3128 (what is \
                      special in a user or password is written as %40 for @)";
        // Reads user and password as well, and makes a header of them.
        let found = Matcher::builder().all(url).build();
        let found = found.intercept(&Uri::from_static("https://any.invalid/")).ok_or(no_url)?;
        let uri = found.uri().clone();
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(no_url)?;
        let port = uri.port_u16();
        if port.is_none() && uri.authority().is_some_and(|all| all.as_str() != host) {
            return Err(no_url);
        }
        if Addresses::Chosen.refusal(host).is_some() {
            return Err("it leads to where a cloud tells a machine its secrets");
        }
        let usual = if uri.scheme() == Some(&Scheme::HTTPS) { PORT_OVER_TLS } else { PORT };
        let authority = format!("{host}:{}", port.unwrap_or(usual));
        let mut parts = uri.into_parts();
        parts.authority = Some(authority.parse().map_err(|_| no_url)?);
        let uri = Uri::from_parts(parts).map_err(|_| no_url)?;
        let mut authorization = found.basic_auth().cloned();
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        Ok(Self { uri, authorization })
    }

    /// The proxy that the environment names for a server, as curl reads it; none for
    /// one on this machine.
    ///
    /// # Errors
    /// If it cannot be used. The message names the variable, and does not repeat it.
    pub fn of_environment(base: &Url) -> Result<Option<Self>, String> {
        Self::of_variables(base, |name| env::var(name).ok())
    }

    fn of_variables(
        base: &Url,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        let set = |name: &&'static str| {
            let value = variable(name).map(|value| value.trim().to_owned());
            value.filter(|value| !value.is_empty()).map(|value| (*name, value))
        };
        if Addresses::of(base) == Some(Addresses::Loopback) {
            return Ok(None);
        }
        let Some((name, url)) = PROXIES.iter().find_map(set) else { return Ok(None) };
        let needs_none =
            |(_, list): (_, String)| base.host().is_some_and(|host| exceptions::name(&list, &host));
        if EXCEPTIONS.iter().find_map(set).is_some_and(needs_none) {
            return Ok(None);
        }
        Self::new(&url).map(Some).map_err(|why| format!("{name} cannot be used: {why}"))
    }

    /// Where it is.
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The value of `proxy-authorization`, if it wants one.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

impl fmt::Display for Proxy {
    /// Its host and port, and never its user or password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.uri.authority().map_or("", |authority| authority.as_str()))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Url {
        url.parse().unwrap()
    }

    /// What these variables come to for a server.
    fn found(variables: &[(&str, &str)], base: &str) -> Result<Option<String>, String> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
        };
        let proxy = Proxy::of_variables(&server(base), variable)?;
        Ok(proxy.map(|proxy| proxy.to_string()))
    }

    #[test]
    fn a_proxy_is_named_as_for_curl() {
        for (url, expected) in [
            ("http://proxy.example:3128", "http://proxy.example:3128/"),
            ("http://proxy.example:80/", "http://proxy.example:80/"),
            (" proxy.example:8080 ", "http://proxy.example:8080/"),
            ("proxy.example", "http://proxy.example:1080/"),
            ("http://proxy.example", "http://proxy.example:1080/"),
            ("HTTP://proxy.example", "http://proxy.example:1080/"),
            ("https://proxy.example", "https://proxy.example:443/"),
            ("http://10.0.0.1:3128", "http://10.0.0.1:3128/"),
            ("http://[::1]:3128", "http://[::1]:3128/"),
            ("http://[fd12::1]", "http://[fd12::1]:1080/"),
        ] {
            assert_eq!(Proxy::new(url).unwrap().uri().to_string(), expected, "{url}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_being_repeated() {
        for (url, why) in [
            ("", "no url of a proxy"),
            ("http://", "no url of a proxy"),
            ("http://canary:word@", "no url of a proxy"),
            ("http://canary:wo rd@proxy.example", "no url of a proxy"),
            ("http://canary:wo@rd@proxy.example", "no url of a proxy"),
            ("http://canary:wo#rd@proxy.example:1", "no url of a proxy"),
            ("http://proxy.example:canary", "no url of a proxy"),
            ("http://proxy.example:99999", "no url of a proxy"),
            ("socks5://canary@proxy.example", "SOCKS"),
            ("SOCKS5h://canary@proxy.example", "SOCKS"),
            ("ftp://canary.example", "neither of http:// nor of https://"),
            ("http://169.254.169.254:80", "a cloud tells a machine its secrets"),
            ("http://2852039166:80", "a cloud tells a machine its secrets"),
            ("0xa9.0xfe.0xa9.0xfe", "a cloud tells a machine its secrets"),
            ("http://Metadata.google.internal.:80", "a cloud tells a machine its secrets"),
            ("[fd00:ec2::254]:80", "a cloud tells a machine its secrets"),
        ] {
            let refusal = Proxy::new(url).unwrap_err();
            assert!(refusal.contains(why) && !refusal.contains("canary"), "{url}: {refusal}");
        }
    }

    #[test]
    fn user_and_password_are_sent_decoded_and_shown_nowhere() {
        let proxy = Proxy::new("http://us%40er:p%3Ass%25@proxy.example:3128").unwrap();
        // us@er:p:ss%
        assert_eq!(proxy.authorization().unwrap(), "Basic dXNAZXI6cDpzcyU=");
        let shown = format!("{proxy} {proxy:?} {:?} {}", proxy.authorization(), proxy.uri());
        assert!(!shown.contains("us") && !shown.contains("dXNA"), "{shown}");
        assert_eq!(proxy.to_string(), "proxy.example:3128");
        assert!(Proxy::new("http://proxy.example").unwrap().authorization().is_none());
    }

    #[test]
    fn the_environment_is_read_as_curl_reads_it() {
        const BASE: &str = "https://api.example.com/v1";
        let proxy = |name: &str| Ok(Some(format!("{name}:1")));
        for (variables, expected) in [
            (&[][..], Ok(None)),
            (&[("HTTPS_PROXY", "a:1")], proxy("a")),
            (&[("https_proxy", "b:1"), ("HTTPS_PROXY", "a:1")], proxy("b")),
            (&[("https_proxy", ""), ("HTTPS_PROXY", "a:1")], proxy("a")),
            (&[("ALL_PROXY", "c:1"), ("HTTPS_PROXY", "a:1")], proxy("a")),
            (&[("ALL_PROXY", "c:1"), ("all_proxy", "d:1")], proxy("d")),
            (&[("HTTP_PROXY", "e:1"), ("http_proxy", "e:1")], Ok(None)),
        ] {
            assert_eq!(found(variables, BASE), expected, "{variables:?}");
        }
        let broken = found(&[("ALL_PROXY", "socks5://canary:word@s:1")], BASE).unwrap_err();
        assert!(broken.starts_with("ALL_PROXY cannot be used: it is a SOCKS proxy"), "{broken}");
        assert!(!broken.contains("canary"), "{broken}");
    }

    #[test]
    fn what_needs_no_proxy_goes_without() {
        for (name, list, is_direct) in [
            ("no_proxy", "other.org, example.com.", true),
            ("NO_PROXY", ".example.com", true),
            ("NO_PROXY", "other.org", false),
        ] {
            let variables = [("HTTPS_PROXY", "p:1"), (name, list)];
            let found = found(&variables, "https://api.example.com").unwrap();
            assert_eq!(found.is_none(), is_direct, "{list}");
        }
        // The small letters count, as for the others.
        let variables =
            [("HTTPS_PROXY", "p:1"), ("no_proxy", "other.org"), ("NO_PROXY", "example.com")];
        assert!(found(&variables, "https://api.example.com").unwrap().is_some());
    }

    #[test]
    fn this_machine_is_never_asked_for_through_the_environments_proxy() {
        let variables = [("ALL_PROXY", "p:1"), ("http_proxy", "p:1"), ("HTTPS_PROXY", "p:1")];
        for base in
            ["http://127.0.0.1:1/v1", "https://localhost", "https://localhost.", "http://[::1]:9"]
        {
            assert_eq!(found(&variables, base), Ok(None), "{base}");
        }
        assert_eq!(found(&[("ALL_PROXY", "socks5://p")], "http://localhost"), Ok(None));
    }
}
