//! Which message a request holds.

/// The version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// `prometheus.WriteRequest`.
    V1,
    /// `io.prometheus.write.v2.Request`.
    V2,
}

/// The `Content-Type` names no message that is taken here (415).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedContentType {
    /// Another media type.
    #[error("expected application/x-protobuf as the first (media) part, got {0:?} content-type")]
    Media(String),
    /// A parameter that is no `key=value`.
    #[error("expected parameters to be key-values, got {0:?} in the content-type")]
    Parameter(String),
    /// Another protobuf message.
    #[error(
        "unknown remote write protobuf message {0:?}; accepted are prometheus.WriteRequest and io.prometheus.write.v2.Request"
    )]
    Message(String),
}

impl Version {
    /// The message's full name.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::V1 => "prometheus.WriteRequest",
            Self::V2 => "io.prometheus.write.v2.Request",
        }
    }

    /// The `Content-Type` to send it with.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::V1 => "application/x-protobuf",
            Self::V2 => "application/x-protobuf;proto=io.prometheus.write.v2.Request",
        }
    }

    /// The `X-Prometheus-Remote-Write-Version` to send it with.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::V1 => "0.1.0",
            Self::V2 => "2.0.0",
        }
    }

    /// The message that a `Content-Type` names. Empty, as some old senders leave it, and without `proto` it is 1.0.
    ///
    /// # Errors
    /// The texts are for the sender; they quote at most 200 bytes of the header.
    pub fn from_content_type(content_type: &str) -> Result<Self, UnsupportedContentType> {
        let quoted = |text: &str| text.chars().take(200).collect::<String>();
        let mut parts = content_type.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        if media.is_empty() && content_type.trim().is_empty() {
            return Ok(Self::V1);
        }
        if !media.eq_ignore_ascii_case("application/x-protobuf") {
            return Err(UnsupportedContentType::Media(quoted(content_type)));
        }
        for part in parts.filter(|part| !part.is_empty()) {
            let (key, value) =
                part.split_once('=').ok_or_else(|| UnsupportedContentType::Parameter(quoted(part)))?;
            if key.trim().eq_ignore_ascii_case("proto") {
                let name = value.trim().trim_matches('"');
                return [Self::V1, Self::V2]
                    .into_iter()
                    .find(|version| version.message() == name)
                    .ok_or_else(|| UnsupportedContentType::Message(quoted(name)));
            }
        }
        Ok(Self::V1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_as_senders_write_them() {
        for v1 in [
            "",
            "application/x-protobuf",
            "application/x-protobuf;proto=prometheus.WriteRequest",
            "Application/X-Protobuf; charset=x",
        ] {
            assert_eq!(Version::from_content_type(v1), Ok(Version::V1), "{v1}");
        }
        for v2 in [
            "application/x-protobuf;proto=io.prometheus.write.v2.Request",
            "application/x-protobuf; proto=\"io.prometheus.write.v2.Request\"",
        ] {
            assert_eq!(Version::from_content_type(v2), Ok(Version::V2), "{v2}");
        }
        for bad in [
            "text/plain",
            "application/json",
            ";proto=prometheus.WriteRequest",
            "application/x-protobuf;proto",
            "application/x-protobuf;proto=x",
        ] {
            assert!(Version::from_content_type(bad).is_err(), "{bad}");
        }
        for version in [Version::V1, Version::V2] {
            assert_eq!(Version::from_content_type(version.content_type()), Ok(version));
        }
    }
}
