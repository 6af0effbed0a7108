//! What is wrong with a server's certificate, whose is it, and who can do something
//! about it? In words that need no knowledge of certificates.

use std::{error::Error as StdError, fmt};

use chrono::DateTime;
use rustls::{
    CertificateError,
    pki_types::{CertificateDer, UnixTime},
};
use x509_cert::{Certificate, der::Decode, name::Name};

/// A name that a stranger wrote is shown as far as this.
const NAME: usize = 80;

const ADD: &str = "name its certificate, a PEM file, as `ca` of the connection in the policy, or \
                   in SSL_CERT_FILE";
const ASK: &str = "whoever runs the server must replace it";

/// Why a certificate is not trusted.
#[derive(Debug)]
pub(super) struct Untrusted(String);

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Untrusted {}

impl Untrusted {
    /// Tells it of a server's certificate, which came with these others.
    pub(super) fn told(
        why: &CertificateError,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
    ) -> Self {
        let Some(read) = Names::of(certificate) else {
            return Self(format!("it cannot be read ({why}); {ASK}"));
        };
        let whose = read.shown();
        Self(match why {
            CertificateError::UnknownIssuer if read.signs_itself() => format!(
                "no authority speaks for it, it was signed by itself: {whose}. If that is as it \
                 should be, {ADD}"
            ),
            CertificateError::UnknownIssuer => {
                let above = read.topmost(others);
                format!(
                    "it comes from `{above}`, which is not trusted here: {whose}. If that \
                     authority is your network's own, {ADD}; else ask whoever runs the server"
                )
            }
            CertificateError::ExpiredContext { time, not_after } => format!(
                "it, or one that speaks for it, ended on {}: {whose}; {}",
                date(*not_after),
                clock(*time)
            ),
            CertificateError::NotValidYetContext { time, not_before } => format!(
                "it, or one that speaks for it, holds only from {} on: {whose}; {}",
                date(*not_before),
                clock(*time)
            ),
            // Without a date it is this.
            CertificateError::Expired => {
                format!("it, or one that speaks for it, ends before it begins: {whose}; {ASK}")
            }
            CertificateError::NotValidForNameContext { expected, presented } => {
                let names = named(presented);
                let expected = expected.to_str();
                format!(
                    "it is for {names} and not for `{expected}`: {whose}. Correct the base url, or \
                     whoever runs the server must get one for that name"
                )
            }
            CertificateError::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
                Some(webpki::Error::CaUsedAsEndEntity) => {
                    format!("it is an authority's own and not a server's: {whose}; {ASK}")
                }
                Some(webpki::Error::UnsupportedCertVersion) => {
                    format!("it has an old form, older than version 3: {whose}; {ASK}")
                }
                _ => format!("it cannot be used ({other}): {whose}; {ASK}"),
            },
            why => format!("it cannot be used ({why}): {whose}; {ASK}"),
        })
    }
}

fn date(time: UnixTime) -> String {
    let time =
        i64::try_from(time.as_secs()).ok().and_then(|time| DateTime::from_timestamp(time, 0));
    time.map_or_else(|| "a day far away".to_owned(), |time| time.format("%Y-%m-%d").to_string())
}

fn clock(now: UnixTime) -> String {
    format!("{ASK}, unless this machine's clock is wrong, by which today is {}", date(now))
}

/// The servers that a certificate is for.
fn named(presented: &[String]) -> String {
    let names = presented.iter().filter_map(|name| name.split_once('(')?.1.strip_suffix(')'));
    let names: Vec<_> = names.map(|name| format!("`{}`", cut(name.trim_matches('"')))).collect();
    match names.as_slice() {
        [] => "no server at all, as it names none but in its subject,".to_owned(),
        [one, other, rest @ ..] if !rest.is_empty() => {
            format!("{one}, {other} and {} more", rest.len())
        }
        names => names.join(", "),
    }
}

/// Whose a certificate is, and who issued it.
struct Names {
    subject: Name,
    issuer: Name,
}

impl Names {
    fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = Certificate::from_der(certificate).ok()?;
        let inside = certificate.tbs_certificate();
        Some(Self { subject: inside.subject().clone(), issuer: inside.issuer().clone() })
    }

    fn signs_itself(&self) -> bool {
        self.subject == self.issuer
    }

    fn shown(&self) -> String {
        let subject = shown(&self.subject);
        if self.signs_itself() {
            return format!("it is of `{subject}`");
        }
        format!("it is of `{subject}`, issued by `{}`", shown(&self.issuer))
    }

    /// Who issued it, or the last that was sent of those who speak for it.
    fn topmost(self, others: &[CertificateDer<'_>]) -> String {
        let others: Vec<_> = others.iter().filter_map(Self::of).collect();
        let mut issuer = &self.issuer;
        // As many steps as there are certificates, for they may lead in a circle.
        for _ in 0..others.len() {
            let next =
                others.iter().find(|other| other.subject == *issuer && !other.signs_itself());
            let Some(next) = next else { break };
            issuer = &next.issuer;
        }
        shown(issuer)
    }
}

fn shown(name: &Name) -> String {
    match name.to_string() {
        none if none.is_empty() => "nobody".to_owned(),
        name => cut(&name),
    }
}

fn cut(name: &str) -> String {
    let mut left = name.chars();
    let mut short: String = left.by_ref().take(NAME).collect();
    short.extend(left.next().map(|_| '…'));
    short
}
