//! A config as an operator may see it.

use serde::Serialize;
use serde_json::{Map, Value};

/// Parts of names whose values nobody may see.
const SECRETS: [&str; 5] = ["password", "secret", "token", "access_key", "account_key"];

/// The config in force and the defaults, without secrets.
#[derive(Clone, Debug)]
pub struct View {
    current: Value,
    defaults: Value,
}

impl View {
    /// Of `current`, with `T`'s defaults beside it.
    ///
    /// # Errors
    /// A value that is no JSON, such as a map with keys other than strings.
    pub fn new<T: Serialize + Default>(current: &T) -> Result<Self, serde_json::Error> {
        let show = |config: &T| serde_json::to_value(config).map(redact);
        Ok(Self { current: show(current)?, defaults: show(&T::default())? })
    }

    /// Everything in force, as YAML.
    #[must_use]
    pub fn current(&self) -> String {
        yaml(&self.current)
    }

    /// The defaults, as YAML.
    #[must_use]
    pub fn defaults(&self) -> String {
        yaml(&self.defaults)
    }

    /// What differs from the defaults, as YAML.
    #[must_use]
    pub fn diff(&self) -> String {
        yaml(&diff(&self.current, &self.defaults).unwrap_or_else(|| Value::Object(Map::new())))
    }
}

/// Any value as YAML, for people; one that cannot be is a comment that says why.
#[must_use]
pub fn yaml<T: Serialize>(value: &T) -> String {
    serde_saphyr::to_string(value).unwrap_or_else(|error| format!("# cannot be shown: {error}\n"))
}

fn redact(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields.into_iter().map(|(name, value)| redact_field(name, value)).collect(),
        Value::Array(items) => items.into_iter().map(redact).collect(),
        other => other,
    }
}

fn redact_field(name: String, value: Value) -> (String, Value) {
    let secret = SECRETS.iter().any(|part| name.contains(part));
    let value = match value {
        Value::String(text) if secret && !text.is_empty() => Value::String("<redacted>".to_owned()),
        Value::Array(items) if secret && items.iter().all(Value::is_string) => {
            items.iter().map(|_| Value::String("<redacted>".to_owned())).collect()
        }
        other => redact(other),
    };
    (name, value)
}

fn diff(current: &Value, default: &Value) -> Option<Value> {
    match (current, default) {
        (Value::Object(current), Value::Object(default)) => {
            let differing: Map<_, _> = current
                .iter()
                .filter_map(|(name, value)| {
                    let base = default.get(name).unwrap_or(&Value::Null);
                    diff(value, base).map(|value| (name.clone(), value))
                })
                .collect();
            (!differing.is_empty()).then_some(Value::Object(differing))
        }
        _ => (current != default).then(|| current.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, Serialize)]
    struct Config {
        name: String,
        users: Vec<User>,
        size: u64,
    }

    #[derive(Default, Serialize)]
    struct User {
        login: String,
        password: String,
    }

    #[test]
    fn shows_the_difference_and_no_secret() {
        let user = User { login: "ann".to_owned(), password: "hunter2".to_owned() };
        let view = View::new(&Config { name: String::new(), users: vec![user], size: 3 }).unwrap();
        let diff = view.diff();
        assert!(diff.contains("size: 3") && diff.contains("ann") && diff.contains("<redacted>"), "{diff}");
        assert!(!diff.contains("hunter2") && !diff.contains("name"), "{diff}");
        assert!(view.current().contains("name:") && !view.current().contains("hunter2"));
        assert!(view.defaults().contains("size: 0"));
    }
}
