//! What all guests are made of: the ways out that a connector has, a memory
//! that grows, and a few steps that even harm has in common.

use host::engine::Connector;

use crate::support::LOADED;

/// A guest with one action, `run`, made of the types of its parameters and
/// result and of a module's content that has the function `run`.
pub(super) struct Guest<'a> {
    pub(super) types: &'a str,
    pub(super) content: &'a str,
}

impl Guest<'_> {
    pub(super) fn load(&self) -> Connector {
        let mut lowered = String::new();
        let (mut imports, mut given) = (String::new(), String::new());
        let mut add = |name: &str, made_of: &str, ty: &str| {
            lowered += &format!("(core func ${name} (canon {made_of}))\n");
            imports += &format!("(import \"host\" \"{name}\" (func ${name} {ty}))\n");
            given += &format!("(export \"{name}\" (func ${name}))\n");
        };
        for (name, of, function, ty) in WAYS {
            let options = "(memory $memory) (realloc (func $realloc))";
            add(name, &format!("lower (func ${of} \"{function}\") {options}"), ty);
        }
        for resource in RESOURCES {
            add(&format!("drop-{resource}"), &format!("resource.drop ${resource}'"), "(param i32)");
        }
        let text = FRAME
            .replace(";;lowered", &lowered)
            .replace(";;imports", &imports)
            .replace(";;given", &format!("(with \"host\" (instance {given}))"))
            .replace(";;types", self.types)
            .replace(";;content", self.content);
        let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
        LOADED.0.load(&bytes).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// A guest that is told where its server is, and gives a number.
pub(super) fn guest(content: &str) -> Connector {
    Guest { types: r#"(param "to" string) (result u32)"#, content }.load()
}

/// A guest that is told nothing and gives something of this type.
pub(super) fn giving(result: &str, content: &str) -> Connector {
    Guest { types: &format!("(result {result})"), content }.load()
}

/// The functions of the host: the name of each in a guest, where it is, and its
/// type there.
const WAYS: [(&str, &str, &str, &str); 22] = [
    ("new-fields", "types", "[constructor]fields", "(result i32)"),
    ("append", "types", "[method]fields.append", "(param i32 i32 i32 i32 i32 i32)"),
    ("entries", "types", "[method]fields.entries", "(param i32 i32)"),
    ("new-request", "types", "[constructor]outgoing-request", "(param i32) (result i32)"),
    ("out", "types", "[method]outgoing-request.body", "(param i32 i32)"),
    ("headers", "types", "[method]outgoing-request.headers", "(param i32) (result i32)"),
    (
        "set-method",
        "types",
        "[method]outgoing-request.set-method",
        "(param i32 i32 i32 i32) (result i32)",
    ),
    (
        "set-scheme",
        "types",
        "[method]outgoing-request.set-scheme",
        "(param i32 i32 i32 i32 i32) (result i32)",
    ),
    (
        "set-authority",
        "types",
        "[method]outgoing-request.set-authority",
        "(param i32 i32 i32 i32) (result i32)",
    ),
    (
        "set-path",
        "types",
        "[method]outgoing-request.set-path-with-query",
        "(param i32 i32 i32 i32) (result i32)",
    ),
    ("output", "types", "[method]outgoing-body.write", "(param i32 i32)"),
    (
        "write",
        "streams",
        "[method]output-stream.blocking-write-and-flush",
        "(param i32 i32 i32 i32)",
    ),
    ("handle", "handler", "handle", "(param i32 i32 i32 i32)"),
    (
        "subscribe",
        "types",
        "[method]future-incoming-response.subscribe",
        "(param i32) (result i32)",
    ),
    ("block", "poll", "[method]pollable.block", "(param i32)"),
    ("reply", "types", "[method]future-incoming-response.get", "(param i32 i32)"),
    ("status", "types", "[method]incoming-response.status", "(param i32) (result i32)"),
    ("reply-headers", "types", "[method]incoming-response.headers", "(param i32) (result i32)"),
    ("consume", "types", "[method]incoming-response.consume", "(param i32 i32)"),
    ("poll", "poll", "poll", "(param i32 i32 i32)"),
    ("read", "streams", "[method]input-stream.blocking-read", "(param i32 i64 i32)"),
    ("stream", "types", "[method]incoming-body.stream", "(param i32 i32)"),
];

/// What can be dropped, by a function such as `$drop-reply`.
const RESOURCES: [&str; 9] =
    ["fields", "request", "out", "output", "reply", "pollable", "response", "body", "input"];

/// `$fields` and the like make, use and drop what `wasi:http` has; where they
/// have a result that does not fit, it lies at 256. `$get` begins a request to
/// a server, `$send` sends it, `$wait` waits for the reply: its handle, or 1000
/// and the number of the error. `$body` is what reads a reply.
const FRAME: &str = r#"(component
    (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
    (alias export $error "error" (type $error'))
    (import "wasi:io/poll@0.2.0" (instance $poll
        (export "pollable" (type $pollable (sub resource)))
        (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
        (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
    (alias export $poll "pollable" (type $pollable'))
    (import "wasi:io/streams@0.2.0" (instance $streams
        (export "input-stream" (type $input (sub resource)))
        (export "output-stream" (type $output (sub resource)))
        (alias outer 1 $error' (type $error''))
        (export "error" (type $error (eq $error'')))
        (type $stream-error'
            (variant (case "last-operation-failed" (own $error)) (case "closed")))
        (export "stream-error" (type $stream-error (eq $stream-error')))
        (export "[method]input-stream.blocking-read" (func (param "self" (borrow $input))
            (param "len" u64) (result (result (list u8) (error $stream-error)))))
        (export "[method]output-stream.blocking-write-and-flush" (func
            (param "self" (borrow $output)) (param "contents" (list u8))
            (result (result (error $stream-error)))))))
    (alias export $streams "input-stream" (type $input'))
    (alias export $streams "output-stream" (type $output'))
    (import "wasi:http/types@0.2.0" (instance $types
        (export "fields" (type $fields (sub resource)))
        (export "outgoing-request" (type $request (sub resource)))
        (export "outgoing-body" (type $out (sub resource)))
        (export "incoming-response" (type $response (sub resource)))
        (export "incoming-body" (type $body (sub resource)))
        (export "future-incoming-response" (type $reply (sub resource)))
        (export "request-options" (type $options (sub resource)))
        (export "headers" (type $headers (eq $fields)))
        (export "trailers" (type $trailers (eq $fields)))
        (alias outer 1 $pollable' (type $pollable''))
        (export "pollable" (type $pollable (eq $pollable'')))
        (alias outer 1 $input' (type $input''))
        (export "input-stream" (type $input (eq $input'')))
        (alias outer 1 $output' (type $output''))
        (export "output-stream" (type $output (eq $output'')))
        (type $header-error'
            (variant (case "invalid-syntax") (case "forbidden") (case "immutable")))
        (export "header-error" (type $header-error (eq $header-error')))
        (type $method' (variant (case "get") (case "head") (case "post") (case "put")
            (case "delete") (case "connect") (case "options") (case "trace") (case "patch")
            (case "other" string)))
        (export "method" (type $method (eq $method')))
        (type $scheme' (variant (case "HTTP") (case "HTTPS") (case "other" string)))
        (export "scheme" (type $scheme (eq $scheme')))
        (type $dns' (record (field "rcode" (option string)) (field "info-code" (option u16))))
        (export "DNS-error-payload" (type $dns (eq $dns')))
        (type $alert'
            (record (field "alert-id" (option u8)) (field "alert-message" (option string))))
        (export "TLS-alert-received-payload" (type $alert (eq $alert')))
        (type $size'
            (record (field "field-name" (option string)) (field "field-size" (option u32))))
        (export "field-size-payload" (type $size (eq $size')))
        (type $code' (variant (case "DNS-timeout") (case "DNS-error" $dns)
            (case "destination-not-found") (case "destination-unavailable")
            (case "destination-IP-prohibited") (case "destination-IP-unroutable")
            (case "connection-refused") (case "connection-terminated")
            (case "connection-timeout") (case "connection-read-timeout")
            (case "connection-write-timeout") (case "connection-limit-reached")
            (case "TLS-protocol-error") (case "TLS-certificate-error")
            (case "TLS-alert-received" $alert) (case "HTTP-request-denied")
            (case "HTTP-request-length-required") (case "HTTP-request-body-size" (option u64))
            (case "HTTP-request-method-invalid") (case "HTTP-request-URI-invalid")
            (case "HTTP-request-URI-too-long") (case "HTTP-request-header-section-size" (option u32))
            (case "HTTP-request-header-size" (option $size))
            (case "HTTP-request-trailer-section-size" (option u32))
            (case "HTTP-request-trailer-size" $size) (case "HTTP-response-incomplete")
            (case "HTTP-response-header-section-size" (option u32))
            (case "HTTP-response-header-size" $size) (case "HTTP-response-body-size" (option u64))
            (case "HTTP-response-trailer-section-size" (option u32))
            (case "HTTP-response-trailer-size" $size)
            (case "HTTP-response-transfer-coding" (option string))
            (case "HTTP-response-content-coding" (option string))
            (case "HTTP-response-timeout") (case "HTTP-upgrade-failed")
            (case "HTTP-protocol-error") (case "loop-detected") (case "configuration-error")
            (case "internal-error" (option string))))
        (export "error-code" (type $code (eq $code')))
        (export "[constructor]fields" (func (result (own $fields))))
        (export "[method]fields.append" (func (param "self" (borrow $fields))
            (param "name" string) (param "value" (list u8)) (result (result (error $header-error)))))
        (export "[method]fields.entries" (func (param "self" (borrow $fields))
            (result (list (tuple string (list u8))))))
        (export "[constructor]outgoing-request" (func (param "headers" (own $headers))
            (result (own $request))))
        (export "[method]outgoing-request.body" (func (param "self" (borrow $request))
            (result (result (own $out)))))
        (export "[method]outgoing-request.headers" (func (param "self" (borrow $request))
            (result (own $headers))))
        (export "[method]outgoing-request.set-method" (func (param "self" (borrow $request))
            (param "method" $method) (result (result))))
        (export "[method]outgoing-request.set-scheme" (func (param "self" (borrow $request))
            (param "scheme" (option $scheme)) (result (result))))
        (export "[method]outgoing-request.set-authority" (func (param "self" (borrow $request))
            (param "authority" (option string)) (result (result))))
        (export "[method]outgoing-request.set-path-with-query" (func
            (param "self" (borrow $request)) (param "path-with-query" (option string))
            (result (result))))
        (export "[method]outgoing-body.write" (func (param "self" (borrow $out))
            (result (result (own $output)))))
        (export "[method]future-incoming-response.subscribe" (func (param "self" (borrow $reply))
            (result (own $pollable))))
        (export "[method]future-incoming-response.get" (func (param "self" (borrow $reply))
            (result (option (result (result (own $response) (error $code)))))))
        (export "[method]incoming-response.status" (func (param "self" (borrow $response))
            (result u16)))
        (export "[method]incoming-response.headers" (func (param "self" (borrow $response))
            (result (own $headers))))
        (export "[method]incoming-response.consume" (func (param "self" (borrow $response))
            (result (result (own $body)))))
        (export "[method]incoming-body.stream" (func (param "self" (borrow $body))
            (result (result (own $input)))))))
    (alias export $types "fields" (type $fields'))
    (alias export $types "outgoing-request" (type $request'))
    (alias export $types "future-incoming-response" (type $reply'))
    (alias export $types "request-options" (type $options'))
    (alias export $types "outgoing-body" (type $out'))
    (alias export $types "incoming-body" (type $body'))
    (alias export $types "error-code" (type $code'))
    (alias export $types "incoming-response" (type $response'))
    (import "wasi:http/outgoing-handler@0.2.0" (instance $handler
        (alias outer 1 $request' (type $request''))
        (export "outgoing-request" (type $request (eq $request'')))
        (alias outer 1 $reply' (type $reply''))
        (export "future-incoming-response" (type $reply (eq $reply'')))
        (alias outer 1 $code' (type $code''))
        (export "error-code" (type $code (eq $code'')))
        (alias outer 1 $options' (type $options''))
        (export "request-options" (type $options (eq $options'')))
        (export "handle" (func (param "request" (own $request))
            (param "options" (option (own $options)))
            (result (result (own $reply) (error $code)))))))

    (core module $store
        (memory (export "memory") 2)
        (global $next (export "next") (mut i32) (i32.const 65536))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
            (global.set $next (i32.add (local.get $at) (local.get 3)))
            (block $fits (loop $more
                (br_if $fits (i32.le_u (global.get $next)
                    (i32.mul (memory.size) (i32.const 65536))))
                (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))))
            (local.get $at)))
    (core instance $store (instantiate $store))
    (alias core export $store "memory" (core memory $memory))
    (alias core export $store "realloc" (core func $realloc))

    ;;lowered
    (core module $guest
        (import "store" "memory" (memory $memory 2))
        (import "store" "next" (global $next (mut i32)))
        ;;imports
        (data (i32.const 16) "/open/contacts")
        (func $get (param $to i32) (param $length i32) (result i32)
            (local $request i32)
            (local.set $request (call $new-request (call $new-fields)))
            (drop (call $set-scheme (local.get $request) (i32.const 1) (i32.const 0)
                (i32.const 0) (i32.const 0)))
            (drop (call $set-authority (local.get $request) (i32.const 1)
                (local.get $to) (local.get $length)))
            (drop (call $set-path (local.get $request) (i32.const 1)
                (i32.const 16) (i32.const 14)))
            (local.get $request))
        (func $send (param $request i32) (result i32)
            (call $handle (local.get $request) (i32.const 0) (i32.const 0) (i32.const 256))
            (if (i32.load8_u (i32.const 256)) (then (unreachable)))
            (i32.load (i32.const 264)))
        (func $wait (param $reply i32) (result i32)
            (local $pollable i32)
            (local.set $pollable (call $subscribe (local.get $reply)))
            (call $block (local.get $pollable))
            (call $drop-pollable (local.get $pollable))
            (call $reply (local.get $reply) (i32.const 256))
            (call $drop-reply (local.get $reply))
            (if (result i32) (i32.load8_u (i32.const 272))
                (then (i32.add (i32.const 1000) (i32.load8_u (i32.const 280))))
                (else (i32.load (i32.const 280)))))
        (func $body (param $response i32) (result i32)
            (call $consume (local.get $response) (i32.const 256))
            (call $stream (i32.load (i32.const 260)) (i32.const 256))
            (i32.load (i32.const 260)))
        ;;content
        )
    (core instance $guest (instantiate $guest
        (with "store" (instance $store)) ;;given
        ))
    (func $run ;;types
        (canon lift (core func $guest "run") (memory $memory) (realloc (func $realloc))))
    (instance $actions (export "run" (func $run)))
    (export "x:y/actions" (instance $actions)))"#;
