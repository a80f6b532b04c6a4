//! The reference of a config type as Markdown, from its JSON Schema and its default.

use std::fmt::Write as _;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Value;

/// A chapter per section, in the alphabet's order; a paragraph per option: path, type, default, meaning.
///
/// # Panics
/// If `T::default()` is no JSON, which a test of the caller shows.
#[must_use]
pub fn markdown<T: JsonSchema + Serialize + Default>() -> String {
    let schema = schema::<T>();
    let defaults = serde_json::to_value(T::default()).expect("a config is JSON");
    let mut text = String::new();
    for (name, section) in properties(schema.as_value()) {
        let default = defaults.get(name).unwrap_or(&Value::Null);
        let _ = write!(text, "\n## `{name}`\n");
        paragraph(&mut text, section);
        if properties(section).is_empty() {
            facts(&mut text, section, default);
        }
        if let Some(each) = section.get("additionalProperties").filter(|each| !properties(each).is_empty()) {
            let _ = write!(text, "\nEach value takes the options of the section that it overrides.\n");
            debug_assert!(each.is_object());
        } else {
            options(&mut text, name, section, default);
        }
    }
    text
}

fn schema<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>()
}

fn options(text: &mut String, path: &str, section: &Value, defaults: &Value) {
    for (name, option) in properties(section) {
        let path = format!("{path}.{name}");
        let default = defaults.get(name).unwrap_or(&Value::Null);
        let _ = write!(text, "\n### `{path}`\n");
        if properties(option).is_empty() {
            facts(text, option, default);
            paragraph(text, option);
            variants(text, option);
            if let Some(items) = option.get("items").or_else(|| option.get("additionalProperties")) {
                let path = format!("{path}[]");
                options(text, &path, items, &Value::Null);
            }
        } else {
            paragraph(text, option);
            options(text, &path, option, default);
        }
    }
}

fn properties(schema: &Value) -> Vec<(&String, &Value)> {
    let own = schema.get("properties").and_then(Value::as_object);
    own.map(|fields| fields.iter().collect()).unwrap_or_default()
}

fn paragraph(text: &mut String, schema: &Value) {
    if let Some(description) = schema.get("description").and_then(Value::as_str) {
        let _ = write!(text, "\n{}\n", description.trim());
    }
}

fn facts(text: &mut String, schema: &Value, default: &Value) {
    let _ = write!(text, "\n*{}*", type_name(schema));
    if !default.is_null() {
        let _ = write!(text, ", default `{default}`");
    }
    text.push('\n');
}

fn type_name(schema: &Value) -> String {
    if schema.get("enum").is_some() || schema.get("oneOf").is_some() {
        return format!(
            "one of {}",
            variant_names(schema).iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        );
    }
    if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
        let names: Vec<_> = any.iter().map(type_name).filter(|name| name != "null").collect();
        return names.join(" or ");
    }
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => {
            format!("list of {}", schema.get("items").map_or_else(|| "anything".to_owned(), type_name))
        }
        Some(Value::String(name)) if name == "object" => {
            let each = schema.get("additionalProperties").map(type_name);
            each.map_or_else(|| "section".to_owned(), |each| format!("map to {each}"))
        }
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .filter(|name| *name != "null")
            .collect::<Vec<_>>()
            .join(" or "),
        _ => "anything".to_owned(),
    }
}

fn variant_names(schema: &Value) -> Vec<&str> {
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let described = described(schema).map(|(name, _)| name);
    listed.chain(described).collect()
}

fn described(schema: &Value) -> impl Iterator<Item = (&str, Option<&str>)> {
    let variants = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    variants.flat_map(|variant| {
        let description = variant.get("description").and_then(Value::as_str);
        let constant = variant.get("const").and_then(Value::as_str);
        let listed =
            variant.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        constant.into_iter().chain(listed).map(move |name| (name, description))
    })
}

fn variants(text: &mut String, schema: &Value) {
    let told: Vec<_> = described(schema).filter_map(|(name, told)| told.map(|told| (name, told))).collect();
    if !told.is_empty() {
        text.push('\n');
    }
    for (name, told) in told {
        let _ = writeln!(text, "- `{name}`: {told}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, Serialize, JsonSchema)]
    struct Root {
        /// The listener.
        server: crate::http::Config,
        /// How lines look.
        format: crate::telemetry::Format,
    }

    #[test]
    fn tells_path_type_default_and_meaning() {
        let text = markdown::<Root>();
        assert!(text.contains("## `server`\n\nThe listener.\n"), "{text}");
        assert!(
            text.contains("### `server.idle_timeout`\n\n*string*, default `\"2m\"`\n\nA connection"),
            "{text}"
        );
        assert!(text.contains("*list of string*, default `[\"*\"]`"), "{text}");
        assert!(text.contains("*one of `logfmt`, `json`*, default `\"logfmt\"`"), "{text}");
    }
}
