//! From a file and flags to a checked config.

use std::path::Path;

use mneme_server::config::{Error, locate};

use super::{Config, ONE_PROCESS};
use crate::cli::ServeArgs;

/// The config of `serve`: the file if there is one, then the flags over it, checked.
pub(crate) fn load(args: &ServeArgs) -> Result<Config, Error> {
    for (flag, value) in [("--grpc", &args.grpc), ("--join", &args.join)] {
        if let Some(value) = value {
            return Err(flag_error(flag, format!("{value:?}: {ONE_PROCESS}; leave {flag} out")));
        }
    }
    let mut config = args.config.as_deref().map_or_else(|| Ok(Config::default()), parse)?;
    override_with(&mut config, args);
    config.validate().map_err(|(section, message)| flag_error(section, message))?;
    Ok(config)
}

fn override_with(config: &mut Config, args: &ServeArgs) {
    let set = |option: &mut String, flag: &Option<String>| {
        if let Some(value) = flag {
            option.clone_from(value);
        }
    };
    set(&mut config.target, &args.target);
    set(&mut config.bucket.url, &args.bucket);
    set(&mut config.server.http_listen_address, &args.http);
    set(&mut config.instance, &args.instance);
    set(&mut config.zone, &args.zone);
    if let Some(directory) = &args.data_dir {
        config.data_dir.clone_from(directory);
    }
}

/// The config of a file alone, checked.
pub(crate) fn parse(file: &Path) -> Result<Config, Error> {
    let name = file.display().to_string();
    let yaml = std::fs::read_to_string(file).map_err(|error| Error {
        file: name.clone(),
        place: None,
        field: String::new(),
        message: format!("cannot be read: {error}"),
    })?;
    parse_text(&name, &yaml)
}

fn parse_text(file: &str, yaml: &str) -> Result<Config, Error> {
    let config: Config = mneme_server::config::parse(file, yaml)?;
    config.validate().map_err(|(section, message)| {
        let (path, message) = split_option(section, &message);
        Error { file: file.to_owned(), place: locate(yaml, &path), field: path.join("."), message }
    })?;
    Ok(config)
}

fn flag_error(field: &str, message: String) -> Error {
    Error { file: "command line".to_owned(), place: None, field: field.to_owned(), message }
}

/// A section's complaint starts with its option, with or without the section's name. The option's path and the whole text.
fn split_option(section: &str, message: &str) -> (Vec<String>, String) {
    let message = message
        .strip_prefix(section)
        .and_then(|rest| rest.strip_prefix(['.', ':']))
        .map_or(message, str::trim_start);
    let word = message.split([' ', ':', '=']).next().unwrap_or_default();
    let option = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.[]".contains(&b));
    let steps = word.split(['.', '[']).map(|step| step.trim_end_matches(']').to_owned());
    let path = std::iter::once(section.to_owned());
    let path = if option { path.chain(steps).collect() } else { path.collect() };
    (path, message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(yaml: &str) -> String {
        parse_text("m.yaml", yaml).unwrap_err().to_string()
    }

    #[test]
    fn flags_override_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("m.yaml");
        std::fs::write(&file, "data_dir: /a\nbucket: {url: memory://}\ninstance: one\n").unwrap();
        let args = ServeArgs {
            config: Some(file),
            data_dir: Some("/b".into()),
            http: Some("127.0.0.1:0".to_owned()),
            ..ServeArgs::default()
        };
        let config = load(&args).unwrap();
        assert_eq!(config.data_dir, Path::new("/b"));
        assert_eq!(config.server.http_listen_address, "127.0.0.1:0");
        assert_eq!((config.bucket.url.as_str(), config.instance.as_str()), ("memory://", "one"));
    }

    #[test]
    fn what_one_process_cannot_do_is_refused_in_plain_words() {
        let some = |text: &str| Some(text.to_owned());
        for args in [
            ServeArgs { target: some("querier"), ..ServeArgs::default() },
            ServeArgs { join: some("10.0.0.1:9095"), ..ServeArgs::default() },
            ServeArgs { grpc: some("127.0.0.1:9095"), ..ServeArgs::default() },
        ] {
            let text = load(&args).unwrap_err().to_string();
            assert!(text.contains("runs as one process"), "{text}");
        }
    }

    #[test]
    fn a_value_that_cannot_work_is_told_with_its_line() {
        let text = error("server:\n  idle_timeout: 0s\n");
        assert!(text.starts_with("m.yaml:2:17: server.idle_timeout: "), "{text}");
        let text = error("telemetry:\n  log_format: json\n  log_level: a=b=c\n");
        assert!(text.starts_with("m.yaml:3:14: telemetry.log_level: "), "{text}");
        let text = error("auth:\n  mode: credentials\n");
        assert!(text.starts_with("m.yaml:2:9: auth.mode: "), "{text}");
        let text = error("bucket:\n  url: ftp://x\n");
        assert!(text.starts_with("m.yaml:2:8: bucket.url: "), "{text}");
        let text = error("a: 1\n");
        assert!(text.contains("m.yaml:1:1: a: "), "{text}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let text = parse(Path::new("/nowhere/m.yaml")).unwrap_err().to_string();
        assert!(text.starts_with("/nowhere/m.yaml: cannot be read: "), "{text}");
    }
}
