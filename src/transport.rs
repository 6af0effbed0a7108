//! Door out: a request becomes an exchange over `wasi:http`, the host's answer
//! a reply.
//!
//! Sends once, follows nothing, retries nothing, and reads neither headers nor
//! bodies: it says what the host's codes mean, and where one of them leaves
//! open whether the request left, takes it that it did.

use crate::{
    contract::{
        ErrorKind,
        generated::wasi::{
            http::{
                outgoing_handler,
                types::{
                    ErrorCode, Fields, FutureIncomingResponse, HeaderError, IncomingBody,
                    IncomingResponse, Method as WasiMethod, OutgoingBody, OutgoingRequest,
                    RequestOptions, Scheme, http_error_code,
                },
            },
            io::{
                error::Error as StreamFault,
                streams::{InputStream, StreamError},
            },
        },
    },
    error::{Failure, Result},
    text::{concat, number},
    twochat::{Method, Reply, Request, decoded},
};

const SECOND: u64 = 1_000_000_000;
const FIRST_BYTE_TIMEOUT: u64 = 30 * SECOND;
/// No shorter than for the first byte: there are hosts that cut an exchange
/// whose socket was idle for this long, with the request long sent, and a slow
/// answer is not to be cut short. Asked for all the same, because a host that
/// is asked for nothing may wait for minutes.
const CONNECT_TIMEOUT: u64 = FIRST_BYTE_TIMEOUT;
const BETWEEN_BYTES_TIMEOUT: u64 = 30 * SECOND;

/// Largest reply: many times a page of 100 contacts with long details, and so
/// small that the worst of them fits a modest host's memory when it is read.
const REPLY_LIMIT: usize = 2 * 1024 * 1024;
/// Most bytes asked for at once: a page of 100 contacts, if it is there, needs no copy.
const READ_SIZE: u64 = 64 * 1024;
/// Most bytes set aside because a reply announces them.
const RESERVE_LIMIT: usize = 128 * 1024;

pub(crate) fn send(request: Request) -> Result<Reply> {
    let outgoing = OutgoingRequest::new(headers(&request)?);
    let accepted = outgoing
        .set_method(match request.method {
            Method::Get => &WasiMethod::Get,
            Method::Post => &WasiMethod::Post,
            Method::Put => &WasiMethod::Put,
            Method::Patch => &WasiMethod::Patch,
            Method::Delete => &WasiMethod::Delete,
        })
        .and_then(|()| {
            let scheme = if request.https { Scheme::Https } else { Scheme::Http };
            outgoing.set_scheme(Some(&scheme))
        })
        .and_then(|()| outgoing.set_authority(Some(&request.authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(&request.path_and_query)));
    accepted.map_err(|()| {
        let message = "This program does not take the address of the request.".to_owned();
        Failure::new(
            ErrorKind::Misconfigured,
            message,
            "Check the address of 2Chat in the settings.",
        )
    })?;
    let body = outgoing.body().ok();
    let reply = handle(outgoing).map_err(|code| failure(&code))?;
    if let Some(body) = body {
        // Whether this fails is told by the reply, or by its absence.
        write(body, request.body.as_deref().unwrap_or_default());
    }
    read(wait(&reply)?)
}

/// The headers, less those that the host keeps to itself.
fn headers(request: &Request) -> Result<Fields> {
    let fields = Fields::new();
    for (name, value) in &request.headers {
        match fields.append(name, value) {
            Ok(()) | Err(HeaderError::Forbidden | HeaderError::Immutable) => {}
            Err(HeaderError::InvalidSyntax) => {
                let message = ["This program does not take the value of the header ", name, "."];
                return Err(Failure::new(
                    ErrorKind::Misconfigured,
                    concat(&message),
                    "Check the key in the settings.",
                ));
            }
        }
    }
    Ok(fields)
}

/// The timeouts that the host supports.
fn timeouts() -> RequestOptions {
    let options = RequestOptions::new();
    let _ = options.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let _ = options.set_first_byte_timeout(Some(FIRST_BYTE_TIMEOUT));
    let _ = options.set_between_bytes_timeout(Some(BETWEEN_BYTES_TIMEOUT));
    options
}

/// Writes and finishes the body as far as the host takes it.
fn write(body: OutgoingBody, mut bytes: &[u8]) {
    if !bytes.is_empty() {
        let Ok(stream) = body.write() else { return };
        while !bytes.is_empty() {
            let Ok(permitted) = stream.check_write() else { return };
            if permitted == 0 {
                stream.subscribe().block();
                continue;
            }
            let length = usize::try_from(permitted).unwrap_or(usize::MAX).min(bytes.len());
            let (chunk, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
            if stream.write(chunk).is_err() {
                return;
            }
            bytes = rest;
        }
    }
    let _ = finish(body);
}

fn wait(reply: &FutureIncomingResponse) -> Result<IncomingResponse> {
    loop {
        // First, for it is never there at once.
        reply.subscribe().block();
        match get(reply) {
            Some(Ok(Ok(response))) => return Ok(response),
            Some(Ok(Err(code))) => return Err(failure(&code)),
            Some(Err(())) => return Err(interrupted("no reply was given")),
            None => {}
        }
    }
}

fn read(response: IncomingResponse) -> Result<Reply> {
    let status = response.status();
    let (length, coding, retry_after, date) = {
        let headers = response.headers();
        let first = |name| headers.get(name).into_iter().next().map(String::from_utf8)?.ok();
        let [length, coding, retry_after] =
            ["content-length", "content-encoding", "retry-after"].map(first);
        // Of use beside the other alone.
        let date = retry_after.as_ref().and_then(|_| first("date"));
        (length, coding, retry_after, date)
    };
    let body = match response.consume() {
        Ok(body) => read_body(&body, length)
            .and_then(|bytes| decoded(bytes, coding.as_deref()).map_err(|what| unusable(&what))),
        Err(()) => Err(interrupted("no body was given")),
    };
    Ok(Reply { status, retry_after, date, body })
}

fn read_body(body: &IncomingBody, announced: Option<String>) -> Result<Vec<u8>> {
    let stream = body.stream().map_err(|()| interrupted("no body was given"))?;
    let announced = announced.and_then(|length| number(&length)?.try_into().ok());
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(RESERVE_LIMIT));
    while let Some(chunk) = read_chunk(&stream)? {
        if bytes.len() + chunk.len() > REPLY_LIMIT {
            return Err(unusable("it is larger than 2 MiB"));
        }
        // The first needs no copy.
        match bytes.capacity() {
            0 => bytes = chunk,
            _ => bytes.extend_from_slice(&chunk),
        }
    }
    Ok(bytes)
}

/// The next bytes; `None` at the end.
fn read_chunk(stream: &InputStream) -> Result<Option<Vec<u8>>> {
    match stream.blocking_read(READ_SIZE) {
        Ok(chunk) => Ok(Some(chunk)),
        Err(StreamError::Closed) => Ok(None),
        Err(StreamError::LastOperationFailed(error)) => Err(match code(&error) {
            // The reply has begun, so whatever ends it does so in the middle.
            Some(code) => match meaning(&code) {
                (ErrorKind::UnexpectedReply, what) => unusable(what),
                (_, what) => interrupted(what),
            },
            None => interrupted("the reply broke off"),
        }),
    }
}

// What may give the host's code. To read one is much code, made anew for each of
// these: apart from all else it is alike each time, and packs well.

#[inline(never)]
fn handle(request: OutgoingRequest) -> core::result::Result<FutureIncomingResponse, ErrorCode> {
    outgoing_handler::handle(request, Some(timeouts()))
}

#[inline(never)]
fn finish(body: OutgoingBody) -> core::result::Result<(), ErrorCode> {
    OutgoingBody::finish(body, None)
}

type Response = core::result::Result<IncomingResponse, ErrorCode>;

#[inline(never)]
fn get(reply: &FutureIncomingResponse) -> Option<core::result::Result<Response, ()>> {
    reply.get()
}

#[inline(never)]
fn code(of: &StreamFault) -> Option<ErrorCode> {
    http_error_code(of)
}

fn interrupted(what: &str) -> Box<Failure> {
    let message = concat(&["No usable answer came: ", what, "."]);
    Failure::new(ErrorKind::Interrupted, message, "Try again.")
}

fn unusable(what: &str) -> Box<Failure> {
    let message = concat(&["2Chat's answer cannot be used: ", what, "."]);
    Failure::new(ErrorKind::UnexpectedReply, message, "Check the address of 2Chat in the settings.")
}

fn failure(code: &ErrorCode) -> Box<Failure> {
    match meaning(code) {
        (ErrorKind::Unreachable, what) => Failure::new(
            ErrorKind::Unreachable,
            concat(&["2Chat cannot be reached: ", what, ". Nothing was sent."]),
            "Try again; if it stays so, check the address of 2Chat and the network.",
        ),
        (ErrorKind::RateLimited, what) => Failure::new(
            ErrorKind::RateLimited,
            concat(&[
                "A limit of this program is reached, not 2Chat's: ",
                what,
                ". Nothing was sent.",
            ]),
            "Wait, then call again, less often.",
        ),
        (ErrorKind::DeniedByHost, what) => Failure::new(
            ErrorKind::DeniedByHost,
            concat(&["This program did not let the request out: ", what, "."]),
            "Whoever runs it can put that right.",
        ),
        (ErrorKind::UnexpectedReply, what) => unusable(what),
        (_, what) => interrupted(what),
    }
}

/// What the host's code stands for.
///
/// Only what by its meaning comes before the first byte of a request says that
/// nothing was sent: the name, the way to the address, the certificate, the
/// host's own rules. Where a code leaves open whether the request left, it did:
/// hosts give `connection-timeout` for a socket that was idle after the request
/// was sent, and an alert or another fault of TLS may end a connection that
/// stood.
fn meaning(code: &ErrorCode) -> (ErrorKind, &'static str) {
    use ErrorKind::{DeniedByHost, Interrupted, RateLimited, UnexpectedReply, Unreachable};
    match code {
        ErrorCode::DnsTimeout => (Unreachable, "looking up its name took too long"),
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            (Unreachable, "its name is not known")
        }
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => {
            (Unreachable, "no connection to its address came about")
        }
        ErrorCode::ConnectionRefused => (Unreachable, "the connection was refused"),
        ErrorCode::TlsCertificateError => {
            (DeniedByHost, "it does not trust the server's certificate")
        }

        ErrorCode::ConnectionLimitReached => {
            (RateLimited, "it lets no more requests or connections out for now")
        }

        ErrorCode::HttpRequestDenied => (DeniedByHost, "its policy refuses it"),
        ErrorCode::DestinationIpProhibited => (DeniedByHost, "its policy refuses the address"),
        ErrorCode::ConfigurationError => (DeniedByHost, "its own configuration is at fault"),
        ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_) => (DeniedByHost, "it does not take such requests"),

        ErrorCode::HttpResponseHeaderSectionSize(_)
        | ErrorCode::HttpResponseHeaderSize(_)
        | ErrorCode::HttpResponseBodySize(_)
        | ErrorCode::HttpResponseTrailerSectionSize(_)
        | ErrorCode::HttpResponseTrailerSize(_) => (UnexpectedReply, "it is too large to be taken"),
        ErrorCode::HttpResponseTransferCoding(_) | ErrorCode::HttpResponseContentCoding(_) => {
            (UnexpectedReply, "it is coded in a way that cannot be read here")
        }

        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => (Interrupted, "connecting or the answer took too long"),
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            (Interrupted, "the secure connection failed")
        }
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            (Interrupted, "the connection was cut")
        }
        ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestTrailerSectionSize(_)
        | ErrorCode::HttpRequestTrailerSize(_)
        | ErrorCode::HttpUpgradeFailed
        | ErrorCode::HttpProtocolError
        | ErrorCode::LoopDetected
        | ErrorCode::InternalError(_) => (Interrupted, "the exchange failed on the way"),
    }
}
