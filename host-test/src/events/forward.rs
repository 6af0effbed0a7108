//! How is an event forwarded? By a POST signed as Standard Webhooks says, with the same id
//! on every try, so that its receiver can tell a second from a first.

use std::{path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};
use host::{client::Client, post::Mailbox, secret::Secret, vault::Source};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT},
};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};

use super::outbox::{Entry, Outcome};

/// So long an answer may take.
const TIME: Duration = Duration::from_secs(30);
/// What a secret begins with.
const MARK: &str = "whsec_";
/// The letters of the shortest secret: 24 bytes.
const LEAST: usize = 32;
const SECRET: &str = "expected whsec_ and 24 to 64 random bytes in base64, such as \
                      `echo whsec_$(head -c 32 /dev/urandom | base64)` makes";
const AGENT: &str = concat!("twochat/", env!("CARGO_PKG_VERSION"));

/// Where to, and what signs.
pub(crate) struct Forward {
    pub(crate) mailbox: Mailbox,
    pub(crate) client: Client,
    pub(crate) secret: Signing,
}

/// Where the secret is.
pub(crate) enum Signing {
    /// It was read.
    With(Secret),
    /// It is read for each try; paths start from this folder.
    From(Source, PathBuf),
}

impl Signing {
    /// What signs, if the secret can be one.
    pub(crate) async fn signer(&self) -> Result<Webhook, String> {
        let read;
        let secret = match self {
            Self::With(secret) => secret,
            Self::From(source, folder) => {
                read = source.read(folder).await?;
                &read
            }
        };
        let wrong = |_| SECRET.to_owned();
        let text = str::from_utf8(secret.bytes()).map_err(wrong)?;
        match text.strip_prefix(MARK) {
            Some(key) if key.len() >= LEAST => Webhook::new(key).map_err(|_| SECRET.to_owned()),
            _ => Err(SECRET.to_owned()),
        }
    }
}

impl Forward {
    pub(crate) fn would(&self) -> String {
        format!("forward it to {}", self.mailbox)
    }

    pub(crate) async fn hand_on(&self, entry: &Entry, store: &str) -> Outcome {
        let signer = match self.secret.signer().await {
            Ok(signer) => signer,
            Err(why) => return Outcome::Again(format!("no secret to sign with: {why}"), None),
        };
        let body = entry.message(store).to_string();
        let now = Utc::now();
        let Some(headers) = headers(&signer, &entry.id(store), now, &body) else {
            return Outcome::Parked("it cannot be signed".to_owned());
        };
        match self.mailbox.post(&self.client, headers, body.into_bytes(), TIME).await {
            Ok(answer) => outcome(answer.status, answer.headers.get(RETRY_AFTER), now),
            Err(why) => Outcome::Again(why, None),
        }
    }
}

fn headers(signer: &Webhook, id: &str, now: DateTime<Utc>, body: &str) -> Option<HeaderMap> {
    let signature = signer.sign(id, now.timestamp(), body.as_bytes()).ok()?;
    let own = [
        (HEADER_WEBHOOK_ID, id.to_owned()),
        (HEADER_WEBHOOK_TIMESTAMP, now.timestamp().to_string()),
        (HEADER_WEBHOOK_SIGNATURE, signature),
    ];
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    for (name, value) in own {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?);
    }
    Some(headers)
}

/// What an answer means.
fn outcome(status: StatusCode, wait: Option<&HeaderValue>, now: DateTime<Utc>) -> Outcome {
    let code = status.as_u16();
    match status {
        _ if status.is_success() => Outcome::Done,
        StatusCode::GONE => Outcome::Ended("it answered 410, so it wants no more".to_owned()),
        _ if status.is_redirection() => {
            Outcome::Again(format!("it answered {code}, and redirects are not followed"), None)
        }
        _ => {
            let waits = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
            let wait = wait.filter(|_| waits.contains(&status)).and_then(|it| it.to_str().ok());
            Outcome::Again(format!("it answered {code}"), wait.and_then(|it| asked(it, now)))
        }
    }
}

/// For how long somebody asks to wait, in seconds or until a date.
fn asked(wait: &str, now: DateTime<Utc>) -> Option<Duration> {
    let wait = wait.trim();
    if !wait.is_empty() && wait.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(wait.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    // Some write the zone in numbers, as mail has it.
    let of_mail = || Some(DateTime::parse_from_rfc2822(wait).ok()?.with_timezone(&Utc));
    let until = httpdate::parse_http_date(wait).ok().map(DateTime::from).or_else(of_mail)?;
    (until - now).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
    }

    #[tokio::test]
    async fn a_message_is_signed_as_the_specification_shows() {
        // Its own example.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signer = Signing::With(secret).signer().await.unwrap();
        let body = "{\"test\": 2432232314}";
        let now = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let headers = headers(&signer, "msg_p5jXN8AQM9LWM0D4loKWxJek", now, body).unwrap();
        assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(headers["webhook-timestamp"], "1614265330");
    }

    #[tokio::test]
    async fn what_is_no_secret_to_sign_with_is_told_without_being_shown() {
        for wrong in [
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_short123",
            "whsec_!!KQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            let why = Signing::With(Secret::new(wrong).unwrap()).signer().await;
            let why = why.map(|_| ()).unwrap_err();
            assert!(why.contains("whsec_ and 24") && !why.contains(wrong), "{why}");
        }
    }

    #[test]
    fn an_answer_says_whether_it_is_done_over_or_to_be_tried_again_and_when() {
        let now = time("2026-01-02T03:04:05Z");
        let of = |status: u16, wait: Option<&'static str>| {
            let wait = wait.map(HeaderValue::from_static);
            outcome(StatusCode::from_u16(status).unwrap(), wait.as_ref(), now)
        };
        assert!([200, 202, 204].iter().all(|status| of(*status, None) == Outcome::Done));
        assert!(matches!(of(410, None), Outcome::Ended(_)));
        for (status, wait, seconds) in [
            (302, None, None),
            (400, Some("7"), None),
            (500, None, None),
            (429, Some("7"), Some(7)),
            (503, Some("Fri, 02 Jan 2026 03:05:05 GMT"), Some(60)),
            (503, Some("Fri, 02 Jan 2026 04:05:05 +0100"), Some(60)),
            (503, Some("Friday, 02-Jan-26 03:05:05 GMT"), Some(60)),
            (503, Some("Fri Jan  2 03:05:05 2026"), Some(60)),
            (503, Some("99999999999999999999999"), Some(u64::MAX)),
            (503, Some("Fri, 02 Jan 2026 03:00:00 GMT"), None),
            (503, Some("soon"), None),
        ] {
            let Outcome::Again(_, asked) = of(status, wait) else { panic!("{status}") };
            assert_eq!(asked.map(|it| it.as_secs()), seconds, "{status} {wait:?}");
        }
    }
}
