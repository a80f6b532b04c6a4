//! What a bucket URL names.

use std::path::PathBuf;

use url::Url;

use crate::Error;
use crate::cloud::{Location, Provider};
use crate::key::check_key;

/// Where a bucket lies.
#[derive(Debug)]
pub(crate) enum Place {
    Directory(PathBuf),
    Memory,
    Cloud(Location),
}

impl Place {
    /// # Errors
    /// [`Error::Url`] says what is wrong with it.
    pub(crate) fn of(url: &str) -> Result<Self, Error> {
        let refuse = |reason: String| Error::Url { url: url.to_owned(), reason };
        let parsed = Url::parse(url).map_err(|error| {
            refuse(format!("{error}; give e.g. file:///var/lib/mneme/bucket or s3://bucket"))
        })?;
        let cloud = |provider| location_of(provider, &parsed).map(Place::Cloud).map_err(refuse);
        match parsed.scheme() {
            "file" => directory_of(&parsed).map(Place::Directory).map_err(|reason| refuse(reason.to_owned())),
            "memory" => Ok(Place::Memory),
            "s3" => cloud(Provider::S3),
            "gs" => cloud(Provider::Gcs),
            "az" => cloud(Provider::Azure),
            scheme => Err(refuse(format!(
                "unknown scheme {scheme}://; file:///, memory://, s3://, gs:// and az:// are known"
            ))),
        }
    }
}

fn directory_of(url: &Url) -> Result<PathBuf, &'static str> {
    if url.host_str().is_some_and(|host| !host.is_empty()) {
        return Err("a file URL has three slashes before an absolute path: file:///var/lib/mneme/bucket");
    }
    url.to_file_path().map_err(|()| "not a path: give e.g. file:///var/lib/mneme/bucket")
}

fn location_of(provider: Provider, url: &Url) -> Result<Location, String> {
    let bucket = url.host_str().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if bucket.is_empty() || !bucket.chars().all(fits) {
        return Err(format!(
            "{bucket:?} is no name of a bucket: give e.g. {}://my-bucket/mneme",
            url.scheme()
        ));
    }
    if url.port().is_some() || !url.username().is_empty() || url.password().is_some() || url.query().is_some()
    {
        return Err(
            "only a bucket and a prefix: endpoint and credentials are options of the config file".to_owned()
        );
    }
    let prefix = url.path().trim_matches('/');
    if !prefix.is_empty() {
        check_key(prefix).map_err(|error| error.to_string())?;
    }
    Ok(Location { provider, bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_cannot_be_opened_say_why() {
        for (url, words) in [
            ("file://relative/path", "three slashes"),
            ("ftp://x", "unknown scheme"),
            ("bucket", "relative URL"),
            ("s3://", "no name of a bucket"),
            ("s3:///prefix", "no name of a bucket"),
            ("s3://key:secret@bucket", "options of the config file"),
            ("s3://bucket?region=x", "options of the config file"),
            ("gs://bucket/a//b", "a segment is empty"),
            ("az://bucket/.hidden", "starts with a dot"),
        ] {
            let error = Place::of(url).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains(url), "{error}");
        }
    }

    #[test]
    fn clouds_have_a_bucket_and_a_prefix_of_whole_segments() {
        for (url, provider, bucket, prefix) in [
            ("s3://b", Provider::S3, "b", ""),
            ("s3://My.b_1/", Provider::S3, "My.b_1", ""),
            ("gs://b/a/b/", Provider::Gcs, "b", "a/b"),
            ("az://c/a", Provider::Azure, "c", "a"),
        ] {
            let Place::Cloud(location) = Place::of(url).unwrap() else { panic!("{url}") };
            let expected = Location { provider, bucket: bucket.to_owned(), prefix: prefix.to_owned() };
            assert_eq!(location, expected);
        }
    }
}
