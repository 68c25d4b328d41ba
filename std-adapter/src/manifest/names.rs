//! What Kubernetes accepts as a name. Each function gives the messages of the API server, none when the name is good.

/// A name that stands as one segment of a URL path.
pub(super) fn path_segment(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    ['/', '%']
        .into_iter()
        .filter(|illegal| name.contains(*illegal))
        .map(|illegal| format!("may not contain '{illegal}'"))
        .collect()
}

/// A DNS-1123 label, as container names are.
pub(super) fn dns_label(name: &str) -> Vec<String> {
    let mut messages = Vec::new();
    if name.len() > 63 {
        messages.push("must be no more than 63 bytes".to_owned());
    }
    if !is_dns_label(name) {
        messages.push(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
             and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
                .to_owned(),
        );
    }
    messages
}

/// A resource that a container can ask for: a standard one, or a qualified one of somebody else's domain.
pub(super) fn container_resource(name: &str) -> Vec<String> {
    let mut messages = qualified(name);
    if !name.contains('/') {
        let standard = CONTAINER_RESOURCES.contains(&name) || name.starts_with("hugepages-");
        if messages.is_empty() && !standard && !is_quota_resource(name) {
            messages.push("must be a standard resource type or fully qualified".to_owned());
        }
        if !standard {
            messages.push("must be a standard resource for containers".to_owned());
        }
    } else if !name.contains("kubernetes.io/") {
        // Upstream asks whether a quota on it, with "requests." before, would have a good name.
        if name.starts_with("requests.") || !qualified(&format!("requests.{name}")).is_empty() {
            messages.push("doesn't follow extended resource name standard".to_owned());
        }
    }
    messages
}

/// Why an `apiVersion` cannot be split into group and version; the group otherwise (empty for the core group).
pub(super) fn api_group(version: &str) -> Result<&str, String> {
    match version.matches('/').count() {
        _ if version.is_empty() || version == "/" => Ok(""),
        0 => Ok(""),
        1 => Ok(version.split('/').next().unwrap_or("")),
        _ => Err(format!("unexpected GroupVersion string: {version}")),
    }
}

const CONTAINER_RESOURCES: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Standard for quotas and volumes, but nothing that a container asks for.
fn is_quota_resource(name: &str) -> bool {
    const OTHERS: [&str; 17] = [
        "requests.cpu",
        "requests.memory",
        "requests.ephemeral-storage",
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "storage",
        "requests.storage",
        "services.nodeports",
        "services.loadbalancers",
    ];
    OTHERS.contains(&name) || name.starts_with("requests.hugepages-")
}

fn qualified(name: &str) -> Vec<String> {
    const PART: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                        alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
                        validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let mut messages = Vec::new();
    let name = match name.split_once('/') {
        None => name,
        Some((_, rest)) if rest.contains('/') => {
            return vec![format!(
                "a qualified name {PART} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
        Some((prefix, rest)) => {
            if prefix.is_empty() {
                messages.push("prefix part must be non-empty".to_owned());
            } else {
                messages.extend(dns_subdomain(prefix).map(|message| format!("prefix part {message}")));
            }
            rest
        }
    };
    if name.is_empty() {
        messages.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        messages.push("name part must be no more than 63 bytes".to_owned());
    }
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !framed(name, inner, |byte| byte.is_ascii_alphanumeric()) {
        messages.push(format!("name part {PART}"));
    }
    messages
}

fn dns_subdomain(name: &str) -> impl Iterator<Item = &'static str> {
    let long = (name.len() > 253).then_some("must be no more than 253 bytes");
    let shape = (!name.split('.').all(is_dns_label)).then_some(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
         start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
         '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    );
    long.into_iter().chain(shape)
}

fn is_dns_label(name: &str) -> bool {
    let outer = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    framed(name, |byte| outer(byte) || byte == b'-', outer)
}

/// Non-empty, all bytes `inner`, the first and last `outer`.
fn framed(name: &str, inner: impl Fn(u8) -> bool, outer: impl Fn(u8) -> bool) -> bool {
    let bytes = name.as_bytes();
    bytes.iter().all(|byte| inner(*byte))
        && bytes.first().is_some_and(|byte| outer(*byte))
        && bytes.last().is_some_and(|byte| outer(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_the_api_server_judges_them() {
        assert_eq!(path_segment("web"), [""; 0]);
        assert_eq!(path_segment(".."), ["may not be '..'"]);
        assert_eq!(path_segment("a/b%"), ["may not contain '/'", "may not contain '%'"]);
        assert_eq!(dns_label("my-app"), [""; 0]);
        assert_eq!(dns_label("My_App").len(), 1);
        assert_eq!(dns_label(&"-".repeat(64)).len(), 2);
        for (name, count) in [
            ("cpu", 0),
            ("hugepages-2Mi", 0),
            ("nvidia.com/gpu", 0),
            ("kubernetes.io/thing", 0),
            ("gpu", 2),
            ("pods", 1),
            ("requests.nvidia.com/gpu", 1),
            ("a/b/c", 2),
            ("/gpu", 2),
            ("x.y/", 3),
            ("x y", 2),
        ] {
            assert_eq!(container_resource(name).len(), count, "{name}: {:?}", container_resource(name));
        }
        assert_eq!(api_group("apps/v1"), Ok("apps"));
        assert_eq!(api_group("v1"), Ok(""));
        assert_eq!(api_group("a/b/c"), Err("unexpected GroupVersion string: a/b/c".to_owned()));
    }
}
