//! YAML to a config value, with errors for people.

use std::fmt;

use serde::de::DeserializeOwned;

use super::locate::{Place, locate, render_path};

/// What is wrong with a config file: where, what, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The file, as given.
    pub file: String,
    /// Where, if it is known.
    pub place: Option<Place>,
    /// The option's path, such as `server.idle_timeout`; empty for the file as a whole.
    pub field: String,
    /// What is wrong and the remedy.
    pub message: String,
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(place) = &self.place {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        if !self.field.is_empty() {
            write!(f, ": {}", self.field)?;
        }
        write!(f, ": {}", self.message)?;
        match self.place.as_ref().and_then(|place| place.value.as_deref()) {
            Some(value) if !self.message.contains(value) => write!(f, " (the value is {value:?})"),
            _ => Ok(()),
        }
    }
}

/// Parses `yaml`, the text of `file`. An empty file is the default.
///
/// # Errors
/// Not YAML, an unknown option, a value of another type: with line, column, path and value.
pub fn parse<T: DeserializeOwned + Default>(file: &str, yaml: &str) -> Result<T, Error> {
    if yaml.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(T::default());
    }
    let mut path = None;
    let parsed = serde_saphyr::with_deserializer_from_str(yaml, |deserializer| {
        let mut track = serde_path_to_error::Track::new();
        let tracked = serde_path_to_error::Deserializer::new(deserializer, &mut track);
        let value = T::deserialize(tracked);
        if value.is_err() {
            path = Some(track.path());
        }
        value
    });
    parsed.map_err(|error| {
        let steps =
            path.as_ref().map(|path| path.iter().filter_map(step).collect::<Vec<_>>()).unwrap_or_default();
        describe(file, yaml, &error, &steps)
    })
}

fn step(segment: &serde_path_to_error::Segment) -> Option<String> {
    use serde_path_to_error::Segment;
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

fn describe(file: &str, yaml: &str, error: &serde_saphyr::Error, steps: &[String]) -> Error {
    let error = error.without_snippet();
    let message = error.render_with_formatter(&Words);
    let parser_place = error
        .location()
        .map(|at| Place { line: at.line(), column: at.column(), value: None })
        .filter(|place| place.line > 0);
    // Of an unknown option the name is wrong, of any other the value.
    let place = match error {
        serde_saphyr::Error::SerdeUnknownField { .. } => parser_place,
        _ => locate(yaml, steps).filter(|_| !steps.is_empty()).or(parser_place),
    };
    let message = with_suggestion(&message, steps.last().map_or("", String::as_str));
    Error { file: file.to_owned(), place, field: render_path(steps), message }
}

/// The parser's words without the place, which is told once.
struct Words;

impl serde_saphyr::MessageFormatter for Words {
    fn localizer(&self) -> &dyn serde_saphyr::Localizer {
        &NoPlace
    }

    fn format_message<'a>(&self, error: &'a serde_saphyr::Error) -> std::borrow::Cow<'a, str> {
        serde_saphyr::UserMessageFormatter.format_message(error)
    }
}

struct NoPlace;

impl serde_saphyr::Localizer for NoPlace {
    fn attach_location<'a>(
        &self,
        base: std::borrow::Cow<'a, str>,
        _location: serde_saphyr::Location,
    ) -> std::borrow::Cow<'a, str> {
        base
    }
}

/// Adds the known name nearest to a misspelt one.
fn with_suggestion(message: &str, wrong: &str) -> String {
    let known = message.split_once("expected").map_or("", |(_, known)| known);
    let nearest = known
        .split(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c)))
        .filter(|name| name.len() > 2 && *name != "one")
        .map(|name| (edits(wrong, name), name))
        .min();
    match nearest {
        Some((distance, name)) if distance > 0 && distance <= wrong.len() / 3 => {
            format!("{message}; did you mean `{name}`?")
        }
        _ => message.to_owned(),
    }
}

/// Levenshtein distance in bytes; names of options are short.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::http::Config as Http;

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Root {
        server: Http,
        list: Vec<u16>,
    }

    fn error(yaml: &str) -> String {
        parse::<Root>("mneme.yaml", yaml).unwrap_err().to_string()
    }

    #[test]
    fn nothing_is_the_default() {
        assert_eq!(parse::<Root>("mneme.yaml", "# only a comment\n").unwrap().server, Http::default());
        assert_eq!(
            parse::<Root>("mneme.yaml", "server: {max_connections: 7}\n").unwrap().server.max_connections,
            7
        );
    }

    #[test]
    fn a_misspelt_option_is_named_with_its_place_and_the_nearest_one() {
        let text = error("server:\n  # a comment\n  max_conections: 7\n");
        assert!(text.starts_with("mneme.yaml:3:3: server.max_conections: "), "{text}");
        assert!(text.contains("did you mean `max_connections`?"), "{text}");
    }

    #[test]
    fn a_wrong_value_is_quoted_with_its_place() {
        let text = error("server:\n  max_connections: many\n");
        assert!(text.starts_with("mneme.yaml:2:20: server.max_connections: "), "{text}");
        assert!(text.contains("many"), "{text}");
        let text = error("server:\n  idle_timeout: 5 parsecs\n");
        assert!(text.starts_with("mneme.yaml:2:17: server.idle_timeout: "), "{text}");
        assert!(text.contains("5 parsecs"), "{text}");
        let text = error("list: [1, 2, 70000]\n");
        assert!(text.starts_with("mneme.yaml:1:14: list[2]: "), "{text}");
    }

    #[test]
    fn what_is_not_yaml_has_a_line() {
        let text = error("server: {\nmax_connections: [1\n");
        assert!(text.starts_with("mneme.yaml:"), "{text}");
        assert!(parse::<Root>("x", "server: []").is_err());
        assert!(parse::<Root>("x", "- a\n- b\n").is_err());
    }
}
