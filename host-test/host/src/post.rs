//! How is a message posted to an address that the operator named? By the ways of a
//! connection: its addresses are judged, its certificate is checked, no redirect is
//! followed, and nothing is sent twice.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::time::timeout;
use url::Url;
use wasmtime_wasi_http::Error;

use crate::{
    client::{Client, Route, Routed},
    gate,
};

/// Where messages are posted to. What follows its host may be a secret, so it is never
/// shown.
#[derive(Clone, PartialEq)]
pub struct Mailbox {
    url: Url,
    route: Route,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
}

impl Mailbox {
    /// The one at this url.
    ///
    /// # Errors
    /// If it is neither https nor http on a loopback address, or holds user info. The
    /// message does not repeat it.
    pub fn at(url: &str) -> Result<Self, &'static str> {
        let (url, addresses) = gate::server_url(url)?;
        if url.fragment().is_some() {
            return Err("it holds a fragment, which no server sees");
        }
        Ok(Self { url, route: Route::to(addresses) })
    }

    /// Whether its url leads to an address that it may be at, as far as that shows before a
    /// name is looked up.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub fn can_be_reached(&self) -> Result<(), String> {
        let refusal = self.url.host_str().and_then(|host| self.route.addresses.refusal(host));
        refusal.map_or(Ok(()), |why| Err(of_target(&why)))
    }

    /// Posts a message, and gives what is answered within this time.
    ///
    /// # Errors
    /// A sentence that says why nothing is known to have been answered.
    pub async fn post(
        &self,
        client: &Client,
        headers: HeaderMap,
        body: Vec<u8>,
        time: Duration,
    ) -> Result<Answer, String> {
        let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.as_str().parse().map_err(|_| "its url cannot be asked")?;
        *request.headers_mut() = headers;
        let sent = timeout(time, client.send(request, &self.route)).await;
        let sent = sent.map_err(|_| format!("{self} did not answer in {} s", time.as_secs()))?;
        let response = sent.map_err(|failure| {
            let why = failure.reason.map(|why| of_target(&why));
            why.unwrap_or_else(|| format!("{self} gave no answer: {}", in_words(&failure.code)))
        })?;
        let (head, _) = response.into_parts();
        Ok(Answer { status: head.status, headers: head.headers })
    }
}

impl Routed for Mailbox {
    fn url(&self) -> &Url {
        &self.url
    }

    fn route(&mut self) -> &mut Route {
        &mut self.route
    }
}

/// Its ways are those of a connection, and so were their words.
fn of_target(why: &str) -> String {
    why.replace("the connection may reach", "the target may have")
}

/// What a code says that came instead of an answer.
fn in_words(code: &Error) -> &'static str {
    match code {
        Error::ConnectionTerminated => "the connection was closed before it came",
        Error::HttpProtocolError => "what came is no HTTP",
        Error::ConnectionTimeout | Error::ConnectionReadTimeout | Error::HttpResponseTimeout => {
            "it took too long"
        }
        Error::ConnectionRefused => "there is no connection",
        _ => "it was cut off",
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url.origin().ascii_serialization())
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn posted(url: &str) -> Result<Answer, String> {
        let client = Client::new(&[]).unwrap();
        let time = Duration::from_secs(20);
        Mailbox::at(url)?.post(&client, HeaderMap::new(), Vec::new(), time).await
    }

    #[tokio::test]
    async fn only_addresses_of_the_internet_or_of_this_machine_are_reached() {
        for url in ["https://10.0.0.1/x", "https://169.254.169.254/", "https://[fd00::1]/"] {
            let why = posted(url).await.unwrap_err();
            assert!(why.contains("no address that the target may have"), "{why}");
        }
        for url in ["http://example.com/", "ftp://localhost/", "https://a:b@localhost/", "x"] {
            let why = posted(url).await.unwrap_err();
            assert!(why.starts_with("it "), "{why}");
        }
    }

    #[tokio::test]
    async fn what_follows_the_host_is_in_no_complaint() {
        let why = posted("http://127.0.0.1:1/secret?token=secret").await.unwrap_err();
        assert!(why.contains("127.0.0.1:1") && !why.contains("secret"), "{why}");
        let mailbox = Mailbox::at("https://example.com/secret").unwrap();
        assert_eq!(
            format!("{mailbox:?} {mailbox}"),
            "Mailbox(https://example.com) https://example.com"
        );
    }
}
