//! Label selectors, in the two forms that Kubernetes writes: fields (`matchLabels`, `matchExpressions`) and text
//! (`app=web,tier in (a, b),!canary`).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The labels of an object, in a fixed order.
pub type Labels = BTreeMap<String, String>;

/// A selector as the fields of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelSelector {
    /// Labels that must be there with exactly this value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: Labels,
    /// Further conditions; all must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelExpression>,
}

/// One entry of `matchExpressions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabelExpression {
    /// The label's name.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// For `In` and `NotIn`, at least one; for the others, none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// A selector that can be asked; all its requirements must hold, so the empty one takes everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Test {
    Equals(String),
    Differs(String),
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
    Above(i64),
    Below(i64),
}

impl Selector {
    /// Whether an object with these labels is selected.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = labels.get(&requirement.key);
            let number = || value.and_then(|value| value.parse::<i64>().ok());
            match &requirement.test {
                Test::Equals(wanted) => value == Some(wanted),
                // A label that is absent differs from every value.
                Test::Differs(unwanted) => value != Some(unwanted),
                Test::In(values) => value.is_some_and(|value| values.contains(value)),
                Test::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
                Test::Above(bound) => number().is_some_and(|number| number > *bound),
                Test::Below(bound) => number().is_some_and(|number| number < *bound),
            }
        })
    }

    /// Without requirements. The HPA controller calls such a target "missing a selector".
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    fn new(mut requirements: Vec<Requirement>) -> Self {
        // Upstream prints them by key.
        requirements.sort();
        Self { requirements }
    }
}

/// As upstream prints it: `app=web,tier in (a,b),!canary`, by key.
impl fmt::Display for Selector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Requirement { key, test }) in self.requirements.iter().enumerate() {
            if index > 0 {
                out.write_str(",")?;
            }
            match test {
                Test::Equals(value) => write!(out, "{key}={value}"),
                Test::Differs(value) => write!(out, "{key}!={value}"),
                Test::In(values) => write!(out, "{key} in ({})", values.join(",")),
                Test::NotIn(values) => write!(out, "{key} notin ({})", values.join(",")),
                Test::Exists => write!(out, "{key}"),
                Test::Absent => write!(out, "!{key}"),
                Test::Above(bound) => write!(out, "{key}>{bound}"),
                Test::Below(bound) => write!(out, "{key}<{bound}"),
            }?;
        }
        Ok(())
    }
}

/// Why a selector cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorError(String);

impl fmt::Display for SelectorError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for SelectorError {}

impl TryFrom<&LabelSelector> for Selector {
    type Error = SelectorError;

    fn try_from(fields: &LabelSelector) -> Result<Self, SelectorError> {
        let mut requirements: Vec<Requirement> = fields
            .match_labels
            .iter()
            .map(|(key, value)| Requirement { key: key.clone(), test: Test::Equals(value.clone()) })
            .collect();
        for expression in &fields.match_expressions {
            let LabelExpression { key, operator, values } = expression;
            let test = match (operator.as_str(), values.is_empty()) {
                ("In", false) => Test::In(sorted(values.clone())),
                ("NotIn", false) => Test::NotIn(sorted(values.clone())),
                ("Exists", true) => Test::Exists,
                ("DoesNotExist", true) => Test::Absent,
                ("In" | "NotIn", true) => {
                    return Err(SelectorError(format!("the operator {operator} on {key:?} needs values")));
                }
                ("Exists" | "DoesNotExist", false) => {
                    return Err(SelectorError(format!("the operator {operator} on {key:?} takes no values")));
                }
                _ => {
                    let known = "In, NotIn, Exists or DoesNotExist";
                    return Err(SelectorError(format!("the operator {operator:?} on {key:?} is not {known}")));
                }
            };
            if key.is_empty() {
                return Err(SelectorError("an expression has no key".to_owned()));
            }
            requirements.push(Requirement { key: key.clone(), test });
        }
        Ok(Self::new(requirements))
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let mut requirements = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (requirement, after) = requirement(rest)
                .ok_or_else(|| SelectorError(format!("{text:?} is not a selector: it cannot be read from {rest:?}")))?;
            requirements.push(requirement);
            rest = match after.trim_start().strip_prefix(',') {
                // A comma promises another requirement.
                Some(after) if !after.trim().is_empty() => after.trim_start(),
                None if after.trim().is_empty() => "",
                _ => {
                    let after = after.trim_start();
                    return Err(SelectorError(format!("{text:?} is not a selector: it cannot be read from {after:?}")));
                }
            };
        }
        Ok(Self::new(requirements))
    }
}

fn requirement(text: &str) -> Option<(Requirement, &str)> {
    if let Some(rest) = text.strip_prefix('!') {
        let (key, rest) = word(rest.trim_start())?;
        return Some((needs(key, Test::Absent), rest));
    }
    let (key, rest) = word(text)?;
    let rest = rest.trim_start();
    for (operator, make) in [("==", Test::Equals as fn(String) -> Test), ("=", Test::Equals), ("!=", Test::Differs)] {
        if let Some(rest) = rest.strip_prefix(operator) {
            // `app=` asks for the empty value.
            let (value, rest) = word(rest.trim_start()).unwrap_or(("", rest));
            return Some((needs(key, make(value.to_owned())), rest));
        }
    }
    for (operator, make) in [(">", Test::Above as fn(i64) -> Test), ("<", Test::Below)] {
        if let Some(rest) = rest.strip_prefix(operator) {
            let (value, rest) = word(rest.trim_start())?;
            return Some((needs(key, make(value.parse().ok()?)), rest));
        }
    }
    match word(rest) {
        Some(("in", rest)) => {
            let (values, rest) = set(rest)?;
            Some((needs(key, Test::In(values)), rest))
        }
        Some(("notin", rest)) => {
            let (values, rest) = set(rest)?;
            Some((needs(key, Test::NotIn(values)), rest))
        }
        _ => Some((needs(key, Test::Exists), rest)),
    }
}

fn needs(key: &str, test: Test) -> Requirement {
    Requirement { key: key.to_owned(), test }
}

/// `(a, b)`; an empty value is a value.
fn set(text: &str) -> Option<(Vec<String>, &str)> {
    let (inner, rest) = text.trim_start().strip_prefix('(')?.split_once(')')?;
    let values: Vec<String> = inner.split(',').map(|value| value.trim().to_owned()).collect();
    let plain = values.iter().all(|value| word(value).map_or(value.is_empty(), |(_, rest)| rest.is_empty()));
    plain.then(|| (sorted(values), rest))
}

fn sorted(mut values: Vec<String>) -> Vec<String> {
    values.sort();
    values.dedup();
    values
}

/// A key or value: letters, digits and `-_./`.
fn word(text: &str) -> Option<(&str, &str)> {
    let end =
        text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_fields_select_the_same() {
        let web = labels(&[("app", "web"), ("tier", "front"), ("rank", "3")]);
        for (text, taken, printed) in [
            ("", true, ""),
            ("app=web", true, "app=web"),
            (" tier == front , app = web ", true, "app=web,tier=front"),
            ("app!=web", false, "app!=web"),
            ("zone!=a", true, "zone!=a"),
            ("app in (api, web)", true, "app in (api,web)"),
            ("app notin (web)", false, "app notin (web)"),
            ("zone notin (a)", true, "zone notin (a)"),
            ("zone in (a)", false, "zone in (a)"),
            ("tier", true, "tier"),
            ("!tier", false, "!tier"),
            ("! zone,tier", true, "tier,!zone"),
            ("rank>2,rank<4", true, "rank>2,rank<4"),
            ("rank>3", false, "rank>3"),
            ("app=", false, "app="),
            ("in in (in)", false, "in in (in)"),
        ] {
            let selector: Selector = text.parse().expect(text);
            assert_eq!(selector.matches(&web), taken, "{text}");
            assert_eq!(selector.to_string(), printed, "{text}");
        }
        let fields = LabelSelector {
            match_labels: labels(&[("app", "web")]),
            match_expressions: vec![
                expression("tier", "In", &["front", "back"]),
                expression("zone", "DoesNotExist", &[]),
                expression("rank", "Exists", &[]),
                expression("rank", "NotIn", &["4"]),
            ],
        };
        let selector = Selector::try_from(&fields).expect("valid");
        assert!(selector.matches(&web));
        assert_eq!(selector.to_string(), "app=web,rank notin (4),rank,tier in (back,front),!zone");
    }

    #[test]
    fn what_cannot_be_asked_is_refused_with_the_place() {
        for (text, from) in [
            ("app=web,", ","),
            (",", ","),
            ("app=a b", "b"),
            ("app in web", "app in web"),
            ("app in (a", "app in (a"),
            ("rank>x", "rank>x"),
            ("app in (a b)", "app in (a b)"),
            ("=", "="),
        ] {
            let error = text.parse::<Selector>().map_err(|error| error.to_string());
            let expected = format!("{text:?} is not a selector: it cannot be read from {from:?}");
            assert_eq!(error, Err(expected));
        }
        for (wrong, message) in [
            (expression("a", "In", &[]), "the operator In on \"a\" needs values"),
            (expression("a", "Exists", &["x"]), "the operator Exists on \"a\" takes no values"),
            (expression("a", "Is", &[]), "the operator \"Is\" on \"a\" is not In, NotIn, Exists or DoesNotExist"),
            (expression("", "Exists", &[]), "an expression has no key"),
        ] {
            let fields = LabelSelector { match_expressions: vec![wrong], ..LabelSelector::default() };
            assert_eq!(Selector::try_from(&fields), Err(SelectorError(message.to_owned())));
        }
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn expression(key: &str, operator: &str, values: &[&str]) -> LabelExpression {
        LabelExpression {
            key: key.to_owned(),
            operator: operator.to_owned(),
            values: values.iter().map(|v| (*v).to_owned()).collect(),
        }
    }
}
