//! What does a host of others need to be told of a component? Its manifest, made of what
//! the component states.
//!
//! These hosts bound where requests go by the server alone, and hand a key over in the
//! environment. What they cannot hold to, their manifest says.

use clap::ValueEnum;
use host::{docs::ACTIONS, imports::Outline, vendor::Vendor};
use http::Method;
use serde_json::Value;

/// Hosts whose manifest can be made.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Manifest {
    /// spin.toml of Spin
    Spin,
    /// policy.yaml of Wassette
    Wassette,
    /// .wash/config.yaml of wasmCloud's wash
    Wash,
}

/// What a manifest is made of.
struct Stated<'a> {
    vendor: &'a Vendor,
    /// The interface of its actions, with package and version.
    interface: &'a str,
}

impl Manifest {
    /// The text for a component that states this.
    pub(crate) fn text(self, vendor: &Vendor, outline: &Outline) -> String {
        let plain = |name: &str| name.split('@').next().unwrap_or_default().to_owned();
        let is_it = |name: &str| plain(name).rsplit('/').next() == Some(ACTIONS);
        let mut exports = outline.exports.iter().map(|export| export.name.as_str());
        let stated = Stated { vendor, interface: exports.find(|it| is_it(it)).unwrap_or(ACTIONS) };
        match self {
            Self::Spin => stated.spin(),
            Self::Wassette => stated.wassette(),
            Self::Wash => stated.wash(),
        }
    }
}

impl Stated<'_> {
    fn spin(&self) -> String {
        let version = self.interface.split_once('@').map(|(_, version)| version);
        let version = version.map(|it| format!("version = {}\n", quoted(it))).unwrap_or_default();
        let command = self.key(|key| format!("`spin up --env {key}=…`"));
        let environment = self.moved(|name, url| format!("# environment = {{ {name} = {url} }}\n"));
        let (about, name, file) = (self.about(), quoted(self.name()), quoted(&self.file()));
        let (origin, interface) = (quoted(&self.origin()), quoted(self.interface));
        format!(
            r#"# NOT RUN. From Spin's documentation: front.wasm takes HTTP and calls the connector, its
# dependency. Values that stand here are no secrets.
{about}{command}spin_manifest_version = 2

[application]
name = {name}
{version}
[[trigger.http]]
route = "/..."
component = "front"

[component.front]
source = "front.wasm"
allowed_outbound_hosts = [{origin}]
{environment}
[component.front.dependencies]
# A dependency may do nothing unless it is said. Before Spin 4: the line
# `dependencies_inherit_configuration = true` of the component, for all or none.
{interface} = {{ path = {file}, inherit_configuration = true }}
"#
        )
    }

    fn wassette(&self) -> String {
        let (name, file, about) = (self.name(), self.file(), self.about());
        let command = self.key(|key| format!("`wassette secret set local:{name} {key}=…`"));
        let key = self.vendor.key_setting.as_ref().map(|key| quoted(&key.name));
        let environment =
            key.map(|key| format!("  environment:\n    allow:\n      - key: {key}\n"));
        let (package, host) = (quoted(self.package()), quoted(self.server()));
        format!(
            r#"# NOT RUN. From Wassette's documentation: what the connector may do, for an agent that
# loads it by `wassette component load file:///…/{file}`.
{about}{command}version: "1.0"
description: {package}
permissions:
  network:
    allow:
      - host: {host}
{}"#,
            environment.unwrap_or_default()
        )
    }

    fn wash(&self) -> String {
        let about = self.about();
        let key = self.vendor.key_setting.as_ref().map(|key| quoted(&key.name));
        let told = self.key(|key| format!("`{key}=… wash dev`, which keeps it as a secret"));
        let secrets =
            key.as_ref().map(|key| format!("secrets:\n  account:\n    fromEnv: [{key}]\n"));
        let config = |name: &str, url: &str| format!("config: {{ {name}: {url} }}");
        let environment = match key {
            Some(_) => {
                let moved = self.moved(|name, url| format!("        # {}\n", config(name, url)));
                format!("      environment:\n        secretFrom: [account]\n{moved}")
            }
            None => self
                .moved(|name, url| format!("      # environment: {{ {} }}\n", config(name, url))),
        };
        let (name, file, host) = (quoted(self.name()), quoted(&self.file()), quoted(self.server()));
        format!(
            r#"# .wash/config.yaml, for `wash dev`: front.wasm takes HTTP, wash links the connector to it.
{about}{told}build:
  command: "true"
  component_path: front.wasm
{}dev:
  address: 127.0.0.1:0
  components:
    - name: {name}
      file: {file}
      allowedHosts: [{host}]
{environment}"#,
            secrets.unwrap_or_default()
        )
    }

    /// What it asks for, of which these hosts bound the server alone.
    fn about(&self) -> String {
        let methods: Vec<_> = self.vendor.methods.iter().map(Method::as_str).collect();
        format!(
            "# It asks for {} to {} and below.\n\
             # Of that, only the server is bounded here.\n",
            methods.join(", "),
            self.vendor.base_url
        )
    }

    /// Where the key goes, in a comment.
    fn key(&self, place: impl Fn(&str) -> String) -> String {
        let header = &self.vendor.key_header;
        match &self.vendor.key_setting {
            Some(key) => format!("# The key, for the header {header}: {}.\n", place(&key.name)),
            None => format!(
                "# The key, for the header {header}: it states no setting for it. What signs its\n\
                 # requests must stand between this host and the server.\n"
            ),
        }
    }

    /// A line that leads to another server, where the component lets itself be led.
    fn moved(&self, line: impl Fn(&str, &str) -> String) -> String {
        let Some(setting) = &self.vendor.base_url_setting else { return String::new() };
        let path = self.vendor.base_url.strip_prefix(&self.origin()).unwrap_or_default();
        line(&setting.name, &quoted(&format!("https://another.example{path}")))
    }

    fn origin(&self) -> String {
        let statement = self.vendor.statement();
        statement.get("origin").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The server as a host names it, with its port if that is said.
    fn server(&self) -> &str {
        let (_, rest) = self.vendor.base_url.split_once("//").unwrap_or_default();
        rest.split('/').next().unwrap_or_default()
    }

    fn package(&self) -> &str {
        self.interface.split('/').next().unwrap_or_default()
    }

    fn name(&self) -> &str {
        self.package().split(':').next().unwrap_or_default()
    }

    fn file(&self) -> String {
        format!("{}.wasm", self.name())
    }
}

/// Text as TOML and YAML both read it.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
